#!/usr/bin/env python3
"""How well machines understand the spoken captcha. Figures and what follows from them: docs/captcha-audio.md.

    cargo build --release
    python3 -m venv venv && venv/bin/pip install numpy scipy scikit-learn pocketsphinx
    venv/bin/python scripts/captcha-attack/audio.py

Two attackers. One takes a speech recogniser off the shelf and tells it that six digits are said (English only). The other
has read the source: it makes its own captchas from sounds/, learns to spot digits in them, and then reads real ones.
"""

import argparse
import pathlib
import subprocess
import tempfile

import numpy as np
from scipy.fft import dct
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

ROOT = pathlib.Path(__file__).resolve().parents[2]
RATE, HEADER, LENGTH, DIGITS = 16_000, 44, 16_000 * 8, 6
WORDS = "zero one two three four five six seven eight nine".split()


def captchas(doorstep, language, count):
    """Answers and sounds of so many captchas, made by the service itself."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = ["--kind", "audio", "--language", language, "--count", str(count), "--out", folder]
        subprocess.run([doorstep, "captcha-samples", *wanted], capture_output=True, check=True, cwd=ROOT)
        paths = sorted(pathlib.Path(folder).iterdir())
        files = np.stack([np.frombuffer(path.read_bytes(), np.uint8) for path in paths])
    return [path.stem.split("_")[0] for path in paths], files[:, HEADER:].astype(np.float32) / 128 - 1


def sounds(language):
    """voice -> digit -> samples of equal loudness."""
    def read(path):
        data = np.frombuffer(path.read_bytes(), np.uint8)[HEADER:].astype(np.float32) - 128
        power = np.array([(frame**2).mean() for frame in np.array_split(data, max(1, len(data) // 320))])
        return data / np.sqrt(power[power * 100 >= power.max()].mean())

    voices = sorted((ROOT / "sounds" / language).iterdir())
    return [[read(voice / f"{digit}.wav") for digit in range(10)] for voice in voices]


def wilson(right, of):
    """95 % interval of a share."""
    z, p = 1.96, right / of
    middle, half = p + z * z / (2 * of), z * np.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


def report(what, answers, given):
    whole = sum(a == g for a, g in zip(answers, given))
    single = sum(x == y for a, g in zip(answers, given) if len(a) == len(g) for x, y in zip(a, g))
    low, high = wilson(whole, len(answers))
    print(f"{what}: {whole} of {len(answers)} whole answers, {whole / len(answers):.1%} ({low:.1%} to {high:.1%});"
          f" {single / len(answers) / DIGITS:.1%} of the digits in their place", flush=True)


# The recogniser off the shelf.

def recogniser():
    from pocketsphinx import Decoder, get_model_path
    digit = "(" + " | ".join(WORDS) + ")"
    grammar = f"#JSGF V1.0; grammar captcha; public <captcha> = {' '.join([digit] * DIGITS)};"
    with tempfile.NamedTemporaryFile("w", suffix=".gram") as file:
        file.write(grammar)
        file.flush()
        decoder = Decoder(hmm=get_model_path("en-us/en-us"), dict=get_model_path("en-us/cmudict-en-us.dict"), lm=None,
                          jsgf=file.name, loglevel="FATAL")

    def recognise(sound):
        samples = (sound / np.abs(sound).max() * 20_000).astype(np.int16)
        decoder.start_utt()
        decoder.process_raw(samples.tobytes(), full_utt=True)
        decoder.end_utt()
        heard = decoder.hyp()
        return "".join(str(WORDS.index(word.split("(")[0])) for word in heard.hypstr.split()) if heard else ""
    return recognise


def clean(answer, voices, chance):
    """The same digits with nothing but a faint hiss behind them."""
    sound = chance.normal(0, 0.003, LENGTH).astype(np.float32)
    at = RATE // 2
    for digit in answer:
        said = voices[chance.integers(len(voices))][int(digit)]
        sound[at:at + len(said)] += said[:LENGTH - at]
        at += len(said) + RATE // 2
    return sound


# The attacker who has read the source.

def imitation(voices, chance):
    """A captcha by the recipe of the service, with the middle of each digit."""
    said, answer = [], chance.integers(0, 10, DIGITS)
    for digit in answer:
        sound = voices[chance.integers(len(voices))][digit]
        pace, glide = chance.uniform(0.92, 1.09), chance.uniform(-0.04, 0.04)
        step = np.linspace(pace - glide / 2, pace + glide / 2, int(len(sound) / pace))
        sound = np.interp(np.cumsum(step) - step[0], np.arange(len(sound)), sound)
        tilt = chance.uniform(-0.35, 0.35)
        sound[1:] += tilt * sound[:-1]
        said.append(sound / (1 + tilt) * chance.uniform(0.8, 1.25))
    white = chance.normal(0, 1, LENGTH + 3)
    noise = 0.32 * 0.66 * np.convolve(white, [1, 0.8, 0.64, 0.51], "valid")
    for _ in range(3):
        at = -chance.integers(0, RATE // 4)
        while at < LENGTH:
            sound = voices[chance.integers(len(voices))][chance.integers(10)][::-1]
            part = sound[max(0, -at):LENGTH - at]
            noise[max(0, at):max(0, at) + len(part)] += part * chance.uniform(0.7, 1.3) / np.sqrt(3)
            at += max(480, len(sound) - chance.integers(0, RATE // 20 + 1))
    shares = chance.uniform(0.3, 1.7, DIGITS + 1)
    free = LENGTH - sum(map(len, said)) - (DIGITS + 1) * RATE // 5
    gain, at, middles = np.repeat(chance.uniform(0.7, 1.0, 16), LENGTH // 16), 0, []
    for sound, share in zip(said, shares):
        at += int(RATE // 5 + share * free / shares.sum())
        gain[at:at + len(sound)] = 0.35
        noise_end = at + len(sound)
        middles.append((at + noise_end) // 2)
        at = noise_end
    sound = noise * np.convolve(gain, np.ones(480) / 480, "same")
    for part, middle in zip(said, middles):
        start = middle - len(part) // 2
        sound[start:start + len(part)] += part
    return sound.astype(np.float32), answer, np.array(middles)


HOP, FRAME, BANDS, KEPT = RATE // 50, 512, 40, 24
AROUND = 17  # frames of 20 ms either way: 0.7 s in all


def mel_filters():
    def mel(hertz):
        return 2595 * np.log10(1 + hertz / 700)
    edges = 700 * (10 ** (np.linspace(mel(80), mel(7_800), BANDS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(FRAME, 1 / RATE)
    rise = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.clip(np.minimum(rise, fall), 0, None)


FILTERS = mel_filters()


def cepstra(sound):
    """One row of cepstral coefficients for each 20 ms, with its neighbourhood."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(sound, FRAME // 2), FRAME)[::HOP] * np.hanning(FRAME)
    energies = (np.abs(np.fft.rfft(frames)) ** 2) @ FILTERS.T
    rows = dct(np.log(energies + 1e-3), norm="ortho")[:, :KEPT].astype(np.float32)
    rows = np.pad(rows - rows.mean(0), ((AROUND, AROUND), (0, 0)), "edge")
    return np.lib.stride_tricks.sliding_window_view(rows, 2 * AROUND + 1, 0).reshape(-1, KEPT * (2 * AROUND + 1))


def lessons(voices, files, chance):
    """Rows and what they show: a digit whose middle is here, or 10 for none."""
    rows, labels = [], []
    for _ in range(files):
        sound, answer, middles = imitation(voices, chance)
        features = cepstra(sound / np.sqrt((sound**2).mean()))
        distance = np.abs(np.arange(len(features))[:, None] * HOP - middles[None, :])
        near, nearest = distance.min(1), distance.argmin(1)
        here = np.flatnonzero(near <= 1.5 * HOP)
        elsewhere = chance.choice(np.flatnonzero(near > 4 * HOP), 40, replace=False)
        rows.append(features[np.r_[here, elsewhere]])
        labels.append(np.r_[answer[nearest[here]], np.full(len(elsewhere), 10)])
    return np.concatenate(rows), np.concatenate(labels)


def best_six(scores, apart):
    """The six moments, at least `apart` frames from each other, of the highest sum; dynamic programming."""
    value = scores.max(1)
    best = np.zeros(len(value) + 1)
    back = []
    for _ in range(DIGITS):
        reach = np.full(len(value) + 1, -np.inf)
        choice = np.zeros(len(value) + 1, int)
        for t in range(len(value)):
            take = value[t] + best[max(0, t + 1 - apart)]
            reach[t + 1], choice[t + 1] = max((reach[t], choice[t]), (take, t))
        best = reach
        back.append(choice)
    end, moments = len(value), []
    for choice in reversed(back):
        moments.append(choice[end])
        end = max(0, choice[end] + 1 - apart)
    return "".join(str(scores[t].argmax()) for t in reversed(moments))


def learner(voices, files):
    chance = np.random.default_rng(1)
    rows, labels = lessons(voices, files, chance)
    scaler = StandardScaler().fit(rows)
    network = MLPClassifier((256,), alpha=1e-3, early_stopping=True, max_iter=40, random_state=1)
    network.fit(scaler.transform(rows), labels)

    def recognise(sound):
        features = scaler.transform(cepstra(sound / np.sqrt((sound**2).mean())))
        likely = np.log(network.predict_proba(features) + 1e-6)
        return best_six(likely[:, :10] - likely[:, 10:], RATE * 2 // 5 // HOP)
    return recognise


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--doorstep", default="target/release/doorstep")
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--lessons", type=int, default=300, help="captchas that the learner makes for itself")
    options = options.parse_args()
    for language in ["en", "zh-CN"]:
        voices = sounds(language)
        answers, files = captchas(options.doorstep, language, options.count)
        if language == "en":
            recognise, chance = recogniser(), np.random.default_rng(2)
            report("en, off the shelf, no noise", answers, [recognise(clean(a, voices, chance)) for a in answers])
            report("en, off the shelf", answers, [recognise(sound) for sound in files])
        recognise = learner(voices, options.lessons)
        report(f"{language}, trained on {options.lessons} of its own", answers, [recognise(sound) for sound in files])


if __name__ == "__main__":
    main()
