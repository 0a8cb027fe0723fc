"""x."""


def test_projects(neptun) -> None:
    ran = neptun("projects")
    assert ran.returncode == 0, ran.stderr
    print(ran.stdout)
    assert "Storefront" in ran.stdout
