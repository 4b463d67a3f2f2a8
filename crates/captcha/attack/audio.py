#!/usr/bin/env python3
"""Measures how well machines understand the audio captcha. crates/captcha/docs/audio.md has the results.

    cargo build --release
    python3 -m venv venv && venv/bin/pip install numpy scipy scikit-learn pocketsphinx
    venv/bin/python crates/captcha/attack/audio.py

There are two attackers. The first uses a ready-made speech recogniser that expects six digits (English only). The
second knows the source: it generates its own captchas from sounds/, trains a detector of digits on them, and reads real
ones.
"""

import argparse
import pathlib
import subprocess
import tempfile

import numpy as np
from scipy.fft import dct
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

CRATE = pathlib.Path(__file__).resolve().parents[1]
ROOT = CRATE.parents[1]
RATE, HEADER, LENGTH, DIGITS = 16_000, 44, 16_000 * 8, 6
WORDS = "zero one two three four five six seven eight nine".split()


def captchas(doorstep, language, count):
    """Returns the answers and the sounds of captchas from the doorstep binary."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = ["--kind", "audio", "--language", language, "--count", str(count), "--out", folder]
        subprocess.run([doorstep, "captcha-samples", *wanted], capture_output=True, check=True, cwd=ROOT)
        paths = sorted(pathlib.Path(folder).iterdir())
        files = np.stack([np.frombuffer(path.read_bytes(), np.uint8) for path in paths])
    return [path.stem.split("_")[0] for path in paths], files[:, HEADER:].astype(np.float32) / 128 - 1


def sounds(language):
    """Returns samples of equal loudness for each voice and digit."""
    def read(path):
        data = np.frombuffer(path.read_bytes(), np.uint8)[HEADER:].astype(np.float32) - 128
        power = np.array([(frame**2).mean() for frame in np.array_split(data, max(1, len(data) // 320))])
        return data / np.sqrt(power[power * 100 >= power.max()].mean())

    voices = sorted((CRATE / "sounds" / language).iterdir())
    return [[read(voice / f"{digit}.wav") for digit in range(10)] for voice in voices]


def wilson(right, count):
    """Returns the 95 % interval of a share."""
    z, p = 1.96, right / count
    middle, half = p + z * z / (2 * count), z * np.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    return (middle - half) / (1 + z * z / count), (middle + half) / (1 + z * z / count)


def report(attacker, answers, given):
    whole = sum(a == g for a, g in zip(answers, given))
    single = sum(x == y for a, g in zip(answers, given) if len(a) == len(g) for x, y in zip(a, g))
    low, high = wilson(whole, len(answers))
    print(f"{attacker}: {whole} of {len(answers)} whole answers, {whole / len(answers):.1%} ({low:.1%} to {high:.1%});"
          f" {single / len(answers) / DIGITS:.1%} of the digits in the right position", flush=True)


# The attacker with a ready-made recogniser.

def ready_made_recogniser():
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
        result = decoder.hyp()
        return "".join(str(WORDS.index(word.split("(")[0])) for word in result.hypstr.split()) if result else ""
    return recognise


def clean(answer, voices, rng):
    """Returns the same digits with a faint hiss as the only noise."""
    sound = rng.normal(0, 0.003, LENGTH).astype(np.float32)
    at = RATE // 2
    for digit in answer:
        spoken = voices[rng.integers(len(voices))][int(digit)]
        sound[at:at + len(spoken)] += spoken[:LENGTH - at]
        at += len(spoken) + RATE // 2
    return sound


# The attacker who knows the source.

def generated_captcha(voices, rng):
    """Returns a captcha like those of the service, its answer, and the middle of each digit."""
    spoken, answer = [], rng.integers(0, 10, DIGITS)
    for digit in answer:
        sound = voices[rng.integers(len(voices))][digit]
        speed, glide = rng.uniform(0.92, 1.09), rng.uniform(-0.04, 0.04)
        step = np.linspace(speed - glide / 2, speed + glide / 2, int(len(sound) / speed))
        sound = np.interp(np.cumsum(step) - step[0], np.arange(len(sound)), sound)
        tilt = rng.uniform(-0.35, 0.35)
        sound[1:] += tilt * sound[:-1]
        spoken.append(sound / (1 + tilt) * rng.uniform(0.8, 1.25))
    white = rng.normal(0, 1, LENGTH + 3)
    noise = 0.32 * 0.66 * np.convolve(white, [1, 0.8, 0.64, 0.51], "valid")
    for _ in range(3):
        at = -rng.integers(0, RATE // 4)
        while at < LENGTH:
            sound = voices[rng.integers(len(voices))][rng.integers(10)][::-1]
            part = sound[max(0, -at):LENGTH - at]
            noise[max(0, at):max(0, at) + len(part)] += part * rng.uniform(0.7, 1.3) / np.sqrt(3)
            at += max(480, len(sound) - rng.integers(0, RATE // 20 + 1))
    shares = rng.uniform(0.3, 1.7, DIGITS + 1)
    free = LENGTH - sum(map(len, spoken)) - (DIGITS + 1) * RATE // 5
    gain, at, middles = np.repeat(rng.uniform(0.7, 1.0, 16), LENGTH // 16), 0, []
    for sound, share in zip(spoken, shares):
        at += int(RATE // 5 + share * free / shares.sum())
        gain[at:at + len(sound)] = 0.35
        noise_end = at + len(sound)
        middles.append((at + noise_end) // 2)
        at = noise_end
    sound = noise * np.convolve(gain, np.ones(480) / 480, "same")
    for part, middle in zip(spoken, middles):
        start = middle - len(part) // 2
        sound[start:start + len(part)] += part
    return sound.astype(np.float32), answer, np.array(middles)


HOP, FRAME, BANDS, COEFFICIENTS = RATE // 50, 512, 40, 24
CONTEXT = 17  # frames of 20 ms on each side: 0.7 s in total


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
    """Returns one row of cepstral coefficients for each 20 ms, with the frames around it."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(sound, FRAME // 2), FRAME)[::HOP] * np.hanning(FRAME)
    energies = (np.abs(np.fft.rfft(frames)) ** 2) @ FILTERS.T
    rows = dct(np.log(energies + 1e-3), norm="ortho")[:, :COEFFICIENTS].astype(np.float32)
    rows = np.pad(rows - rows.mean(0), ((CONTEXT, CONTEXT), (0, 0)), "edge")
    width = 2 * CONTEXT + 1
    return np.lib.stride_tricks.sliding_window_view(rows, width, 0).reshape(-1, COEFFICIENTS * width)


def training_data(voices, files, rng):
    """Returns rows and their labels: the digit whose middle is in this row, or 10 for none."""
    rows, labels = [], []
    for _ in range(files):
        sound, answer, middles = generated_captcha(voices, rng)
        features = cepstra(sound / np.sqrt((sound**2).mean()))
        distance = np.abs(np.arange(len(features))[:, None] * HOP - middles[None, :])
        near, nearest = distance.min(1), distance.argmin(1)
        here = np.flatnonzero(near <= 1.5 * HOP)
        elsewhere = rng.choice(np.flatnonzero(near > 4 * HOP), 40, replace=False)
        rows.append(features[np.r_[here, elsewhere]])
        labels.append(np.r_[answer[nearest[here]], np.full(len(elsewhere), 10)])
    return np.concatenate(rows), np.concatenate(labels)


def best_six(scores, apart):
    """Finds the six moments with the highest sum of scores, at least `apart` frames from each other, by dynamic
    programming. Returns their digits."""
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


def trained_recogniser(voices, files):
    rng = np.random.default_rng(1)
    rows, labels = training_data(voices, files, rng)
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
    options.add_argument("--training-captchas", type=int, default=300, help="captchas generated to train the detector")
    options = options.parse_args()
    for language in ["en", "zh-CN"]:
        voices = sounds(language)
        answers, files = captchas(options.doorstep, language, options.count)
        if language == "en":
            recognise, rng = ready_made_recogniser(), np.random.default_rng(2)
            report("en, ready-made, no noise", answers, [recognise(clean(a, voices, rng)) for a in answers])
            report("en, ready-made", answers, [recognise(sound) for sound in files])
        recognise = trained_recogniser(voices, options.training_captchas)
        name = f"{language}, trained on {options.training_captchas} generated captchas"
        report(name, answers, [recognise(sound) for sound in files])


if __name__ == "__main__":
    main()
