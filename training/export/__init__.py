"""Trained networks as small ONNX files, and the manifest that names them."""
