from setuptools import setup

setup(cffi_modules=["kernels_build.py:ffibuilder"])
