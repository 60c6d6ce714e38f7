import pytest
from pydantic import ValidationError
from visavis_cli.manifest import WeightFile, read_manifest

SHA = "0" * 64


def test_the_manifest_is_valid_and_complete():
    manifest = read_manifest()
    files = [file for model in manifest.model for file in model.file]
    assert len({file.path for file in files}) == len(files)
    assert len({model.name for model in manifest.model}) == len(manifest.model)
    for model in manifest.model:
        assert all(file.path.startswith(f"{model.name}/") for file in model.file), model.name
        assert model.licence
        assert model.publisher


def test_every_file_has_a_source_and_pinned_ones_only():
    for model in read_manifest().model:
        for file in model.file:
            assert (file.made_from or file).parts, (
                f"{file.path} has no source that works without the publisher"
            )
            assert not any("/resolve/main/" in url or "/master/" in url for url in file.urls), file.path


@pytest.mark.parametrize(("group", "name"), [("tests", "librivox-clips"), ("bench", "mfa-clips")])
def test_what_only_developers_need_is_a_group_of_its_own(group, name):
    manifest = read_manifest()
    assert name not in [model.name for model in manifest.wanted({"core"})]
    assert name in [model.name for model in manifest.wanted({"core", group})]


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside", "a/../../outside", ""])
def test_a_path_never_leaves_the_directory(path):
    with pytest.raises(ValidationError, match="relative path"):
        WeightFile(path=path, size=1, sha256=SHA)


def test_parts_must_add_up():
    part = {"archive": "a-1-py3-none-any.whl", "member": "a/b", "size": 3}
    with pytest.raises(ValidationError, match="do not add up"):
        WeightFile(path="a", size=7, sha256=SHA, parts=(part, part))


@pytest.mark.parametrize(
    "wrong", [{"size": 0}, {"sha256": "abc"}, {"urls": ("ftp://x",)}, {"surprise": 1}], ids=str
)
def test_a_mistake_in_an_entry_is_refused(wrong):
    with pytest.raises(ValidationError):
        WeightFile(**{"path": "a", "size": 1, "sha256": SHA, **wrong})
