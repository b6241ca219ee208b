"""The model bundle: everything that prediction needs, in three files.

``model.onnx`` decides, ``manifest.json`` says how rows become its input and its output an
answer, ``predict.py`` (the source of :mod:`automl_core.bundle.runtime`) does it anywhere
with numpy and onnxruntime.
"""
