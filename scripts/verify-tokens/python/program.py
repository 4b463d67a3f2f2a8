"""Reads access tokens, one a line, and prints the user of each, or why there is none."""

import sys

# SNIPPET

for line in sys.stdin:
    try:
        print("user", user_of(line.rstrip("\n")), flush=True)
    except jwt.PyJWKClientConnectionError as error:
        print("unavailable", error, flush=True)
    except jwt.PyJWTError as error:
        print("refused", repr(error), flush=True)
