import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import org.jose4j.http.Get;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.HttpsJwks;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.resolvers.HttpsJwksVerificationKeyResolver;

/** Reads access tokens, one a line, and prints the user of each, or why there is none. */
class JavaVerifier {
// SNIPPET

    public static void main(String[] arguments) throws IOException {
        var accessTokens = accessTokens();
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            try {
                System.out.println("user " + userOf(accessTokens, line));
            } catch (InvalidJwtException | MalformedClaimException e) {
                var outcome = isOutage(e) ? "unavailable " : "refused ";
                System.out.println(outcome + e.toString().replace('\n', ' '));
            }
        }
    }
}
