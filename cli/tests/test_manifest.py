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
            assert model.group == "checkpoint" or (file.made_from or file).parts, (
                f"{file.path} has no source that works without the publisher"
            )
            assert not any("/resolve/main/" in url or "/master/" in url for url in file.urls), file.path


@pytest.mark.parametrize(("group", "name"), [("tests", "librivox-clips"), ("bench", "mfa-clips")])
def test_what_only_developers_need_is_a_group_of_its_own(group, name):
    manifest = read_manifest()
    assert name not in [model.name for model in manifest.wanted()]
    assert name in [model.name for model in manifest.wanted([group])]


def test_a_backend_s_own_model_is_wanted_with_it_and_for_tests():
    manifest = read_manifest()
    assert "whisper" in manifest.backends
    for extra, is_wanted in (((), False), (["moonshine"], False), ({"whisper"}, True), (["tests"], True)):
        assert ("faster-whisper-base" in [model.name for model in manifest.wanted(extra)]) is is_wanted


def test_a_checkpoint_is_wanted_by_name_only():
    manifest = read_manifest()
    for extra, is_wanted in ((["tests"], False), (["kokoro"], False), (["kokoro-torch"], True)):
        assert ("kokoro-82m-checkpoint" in [model.name for model in manifest.wanted(extra)]) is is_wanted


def test_an_optional_model_names_its_backend(model_of, weight_file):
    with pytest.raises(ValidationError, match="has a backend when, and only when, it is optional"):
        model_of(weight_file(), group="optional")


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
