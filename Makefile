# `make check`, `make test` and `make bench` use the virtual environment .venv, which they create.
bin := .venv/bin

.PHONY: check test bench soak screenshots

# A stamp, not .venv itself: one that was made otherwise may lack what `check` needs.
stamp := .venv/.installed

$(stamp): pyproject.toml
	python3 -m venv .venv
	$(bin)/pip install --quiet --editable '.[test]'
	touch $@

check: $(stamp)
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

test: $(stamp)
	$(bin)/pytest -n 4 --dist worksteal

bench: $(stamp)
	$(bin)/pytest -m bench -s

soak: $(stamp)
	$(bin)/pytest -m soak -s

screenshots: $(stamp)
	$(bin)/python screenshots/make.py
