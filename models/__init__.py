"""Judging: text normalisation, classifiers, subjects and stories."""

import os

# since 1.29 onnxruntime reports the model, its hashes and the machine to its maker from the moment it is imported
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
