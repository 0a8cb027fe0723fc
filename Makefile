# `make check`, `make test` and `make bench` use the virtual environment .venv, which they create.
bin := .venv/bin

.PHONY: check test bench soak screenshots

.venv: pyproject.toml
	python3 -m venv .venv
	$(bin)/pip install --quiet --editable '.[test]'
	touch .venv

check: .venv
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

test: .venv
	$(bin)/pytest -n 4 --dist worksteal

bench: .venv
	$(bin)/pytest -m bench -s

soak: .venv
	$(bin)/pytest -m soak -s

screenshots: .venv
	$(bin)/python screenshots/make.py
