# make run    sets everything up and shows the daemon on a rendered gate; no broker needed
# make test   sets everything up that tests need, and runs them
# make help   lists the rest

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PADDLE := .venv-paddle
# PYTHONWARNINGS below: setuptools warns about every editable installation, at length.
PIP := -m pip install --quiet --disable-pip-version-check
# Versions that fit each other; anything newer of torchvision would replace torch.
TORCH := torch==2.13.0
TORCHVISION := torchvision==0.28.0

# Processes that share out the test files; much of their time is waiting.
WORKERS ?= 3

# Annotation tables that `make weights` trains on.
DATA ?= data/annotations
WEIGHTS := models/weights
RUNS := runs/weights
TRAIN := $(BIN)/plate-streamer train

.PHONY: help run test quick lint docs install install-test install-paddle tools fonts weights clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile
	@echo 'make install         the daemon alone, in $(VENV)'
	@echo 'make install-test    and what tests and training need (PyTorch, ultralytics, OpenVINO)'
	@echo 'make install-paddle  the daemon with PaddleOCR, in $(PADDLE)'
	@echo 'make tools           Debian packages the tests talk to: mosquitto, an RTSP server, tesseract'
	@echo 'make fonts           Debian packages of typefaces that the reader learns plates in'
	@echo 'make quick           the quick tests alone'
	@echo 'make weights DATA=…  all bundled networks anew from annotation tables; takes hours, resumes'
	@echo 'make lint            ruff, mypy, import-linter'
	@echo 'make docs            the documentation as a site, in build/site'

run: install
	$(BIN)/plate-streamer demo

install: $(VENV)/.installed

$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) --upgrade pip
	PYTHONWARNINGS=ignore $(BIN)/python $(PIP) -e .
	touch $@

install-test: $(VENV)/.installed-test

# ultralytics brings opencv-python, which overwrites the headless wheel in silence: one is left.
$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python $(PIP) $(TORCH)
	PYTHONWARNINGS=ignore $(BIN)/python $(PIP) -e '.[test,train,openvino,tesseract]' $(TORCH) $(TORCHVISION)
	$(BIN)/python -m pip uninstall --quiet --yes opencv-python opencv-python-headless
	$(BIN)/python $(PIP) --no-deps opencv-python-headless
	touch $@

# PaddleOCR pins opencv-contrib-python and an older numpy: it gets an environment of its own,
# in which its opencv wheel is the only one.
install-paddle: $(PADDLE)/.installed

$(PADDLE)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(PADDLE)
	$(PADDLE)/bin/python $(PIP) --upgrade pip
	PYTHONWARNINGS=ignore $(PADDLE)/bin/python $(PIP) -e '.[paddle]' pytest pytest-timeout
	$(PADDLE)/bin/python -m pip uninstall --quiet --yes opencv-python opencv-python-headless opencv-contrib-python
	$(PADDLE)/bin/python $(PIP) --no-deps opencv-contrib-python==4.10.0.84
	touch $@

tools:
	sh tests/install_tools.sh

fonts:
	sh models/training/install_fonts.sh

# The training of the bundled networks, from random weights to the files that ship. A detector,
# a second look that learns from its mistakes, and the detector again on annotations that the
# second look has tightened. Then the reader, which learns from drawn plates, too, in the
# typefaces that are here. What was interrupted goes on where it was.
weights: install-test fonts $(RUNS)/corners.done
	$(TRAIN) detector --data $(DATA) --run $(RUNS)/detector --start $(RUNS)/first.onnx \
	  --relabel --planted 1200 --close-ups 400 --erased 500 --bare 150 --rendered 600 --hours 1.05 --epochs 30 --plain-epochs 3 \
	  --learning-rate 0.0008 --multi-scale 0.2 $(call resumed,$(RUNS)/detector)
	$(TRAIN) export --run $(RUNS)/detector --output $(WEIGHTS)/plate-detector.onnx
	$(TRAIN) quantize $(WEIGHTS)/plate-detector.onnx --data $(DATA) \
	  --output $(WEIGHTS)/plate-detector-int8.onnx
	$(TRAIN) reader --data $(DATA) --run $(RUNS)/reader $(call resumed,$(RUNS)/reader)
	$(TRAIN) export-reader --data $(DATA) --run $(RUNS)/reader --output $(WEIGHTS)/plate-reader.onnx

resumed = $(if $(wildcard $(1)/checkpoint.pt),--resume)

$(RUNS)/first.onnx: | install-test
	$(TRAIN) detector --data $(DATA) --run $(RUNS)/first --hours 1.35 $(call resumed,$(RUNS)/first)
	$(TRAIN) export --run $(RUNS)/first --output $@

$(RUNS)/corners.done: $(RUNS)/first.onnx
	$(TRAIN) corners --data $(DATA) --run $(RUNS)/corners --detector $(RUNS)/first.onnx \
	  $(call resumed,$(RUNS)/corners)
	$(TRAIN) export-corners --data $(DATA) --run $(RUNS)/corners --output $(WEIGHTS)/plate-corners.onnx
	touch $@

lint: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo 'build/site/index.html; with a search: python3 -m http.server --bind 127.0.0.1 --directory build/site'

$(VENV)/.installed-docs: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(BIN)/python $(PIP) -e '.[docs]'
	touch $@

quick: install-test
	$(BIN)/python -m pytest -m 'not slow and not paddle'

test: tools install-test install-paddle lint
	sh tests/without_network.sh $(BIN)/python -m pytest -m 'not paddle' -n $(WORKERS) --dist loadfile --no-loadscope-reorder
	sh tests/without_network.sh $(PADDLE)/bin/python -m pytest -k paddle tests/models/test_paddle.py tests/models/test_crops.py tests/test_paddle_in_the_portal.py

clean:
	rm -rf $(VENV) $(PADDLE) build dist *.egg-info
