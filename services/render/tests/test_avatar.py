"""Avatar directories: what ships is sound, and whatever is broken is named by file and field."""

import json

import numpy as np
import pytest
from rpckit.errors import InvalidInput, NotFound
from visavis_render.avatar import MANIFEST, AvatarError, by_name, names, read_directory, shipped, size_range
from visavis_render.backends import load_avatar, traits_of, with_background
from visavis_render.backends.vector import backgrounds
from visavis_render.config import Config
from visavis_render.engine import FaceState, Traits, VideoSpec
from visavis_render.studio import Studio, Wish

GOOD = 'name = "Nia"\nrenderer = "fake"\nlicence = "CC0-1.0"\nauthor = "A. Author"\n'
VECTOR = GOOD.replace("fake", "vector")


@pytest.fixture
def folder(tmp_path):
    """A good avatar directory to break."""
    folder = tmp_path / "nia"
    folder.mkdir()
    (folder / MANIFEST).write_text(GOOD)
    return folder


def character(folder, **sections):
    (folder / MANIFEST).write_text(VECTOR)
    (folder / "character.json").write_text(json.dumps({"base": "mira", **sections}))
    return read_directory(folder)


def load(directory):
    from visavis_render.backends.vector.rig.files import load_character

    traits_of(directory)
    return load_character(directory)


def test_what_ships_says_who_it_is():
    for name in names(None):
        manifest = by_name(name).manifest
        assert manifest.licence == "CC0-1.0"
        assert manifest.author
        assert manifest.about


def test_a_directory_of_ones_own_is_found_beside_those_that_ship(folder):
    assert set(names(folder.parent)) == {*names(None), "nia"}
    assert by_name("nia", folder.parent).manifest.name == "Nia"
    with pytest.raises(NotFound, match="no avatar 'nia'; there are amara, amos, clapper, fake, mira"):
        by_name("nia")


def test_an_own_avatar_may_take_the_place_of_a_shipped_one(folder):
    folder.rename(folder.parent / "mira")
    assert by_name("mira", folder.parent).manifest.name == "Nia"


@pytest.mark.parametrize("name", ["", ".", "..", "../mira", "/", "mira/", "mira/../theo", "nobody"])
def test_a_name_is_only_a_name(name):
    with pytest.raises(NotFound):
        by_name(name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "avatar.toml: Invalid value (at end of document)"),
        (GOOD.replace('name = "Nia"\n', ""), "avatar.toml: name: Field required"),
        (GOOD.replace("Nia", ""), "avatar.toml: name: String should have at least 1"),
        (GOOD.replace('"Nia"', "7"), "avatar.toml: name: Input should be a valid string"),
        (GOOD + "colour = 1\n", "avatar.toml: colour: Extra inputs"),
        (GOOD + "[size]\nmin_px = 64\n", "avatar.toml: size.min_px: Input should be greater"),
        (GOOD + "[size]\nmax_px = nan\n", "avatar.toml: size.max_px: Input should be a valid integer"),
        (GOOD + "[size]\nmin_px = 512\nmax_px = 256\n", "avatar.toml: size: min_px must not be above max_px"),
        (GOOD + 'fake = "x"\n', "avatar.toml: fake: must be a table"),
        (GOOD + "x" * 70_000, "avatar.toml: is too large"),
    ],
)
def test_a_broken_manifest_names_its_field(folder, text, says):
    (folder / MANIFEST).write_text(text)
    with pytest.raises(AvatarError) as error:
        read_directory(folder)
    assert f"avatar nia: {says}" in str(error.value)
    assert str(folder) not in str(error.value)  # callers see this text


def test_an_unknown_renderer_names_those_that_exist(folder):
    (folder / MANIFEST).write_text(GOOD.replace("fake", "oil"))
    with pytest.raises(
        AvatarError, match=r"avatar nia: avatar.toml: renderer: must be one of atlas, clapper, fake, "
    ):
        traits_of(read_directory(folder))


def test_no_directory_and_no_manifest(folder):
    with pytest.raises(AvatarError, match="no such directory"):
        read_directory(folder / "nowhere")
    (folder / MANIFEST).unlink()
    with pytest.raises(AvatarError, match=r"avatar.toml: is missing"):
        read_directory(folder)


def test_a_directory_that_is_too_large(folder):
    for number in range(401):
        (folder / f"{number}.png").touch()
    with pytest.raises(AvatarError, match="more than 400 files"):
        read_directory(folder)


@pytest.mark.parametrize("named", ["../avatar.toml", "/etc/hosts", "", "nothing.json"])
def test_assets_are_inside_the_directory(folder, named):
    with pytest.raises(AvatarError, match=r"must be a file inside|is missing"):
        read_directory(folder).asset(named)


def test_sizes_are_those_that_avatar_and_renderer_share(folder):
    (folder / MANIFEST).write_text(GOOD + "[size]\nmax_px = 384\n")
    directory = read_directory(folder)
    assert size_range(directory, Traits()) == (128, 384)
    with pytest.raises(AvatarError, match="size: the renderer fake draws 512 to 1024 px"):
        size_range(directory, Traits(min_size_px=512))


def test_a_character_file_that_is_missing(folder):
    (folder / MANIFEST).write_text(VECTOR)
    with pytest.raises(AvatarError, match=r"avatar nia: character\.json: is missing"):
        load(read_directory(folder))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "line 1: Expecting property name"),
        ("[]", "must be an object"),
        ('{"base": "mira", "eyes": {"w": NaN}}', "NaN is no number"),
        ('{"base": "mira", "eyes": {"w": 1e999}}', "eyes.w: Input should be"),
        ("[" * 100_000, "nested too deep"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (" " * 2_000_000, "is too large"),
        ('{"base": "nobody"}', "base: there is no shipped character 'nobody'"),
        ('{"base": "../mira"}', "base: there is no shipped character"),
        ('{"base": 7}', "base: there is no shipped character 7"),
        ("{}", "palette: Field required"),
    ],
)
def test_a_broken_character_file_is_explained(folder, text, says):
    (folder / MANIFEST).write_text(VECTOR)
    (folder / "character.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(AvatarError) as error:
        load(read_directory(folder))
    assert "avatar nia: character.json: " in str(error.value)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"eyes": {"w": 900}}, "eyes.w: "),
        ({"eyes": {"colour": "#fff"}}, "eyes.colour: Extra inputs"),
        ({"wings": {}}, "wings: Extra inputs"),
        ({"palette": {"skin": "beige"}}, "palette.skin: String should match"),
        ({"face": {"pts": [[0, 0]]}}, "face.pts: List should have at least 3"),
        ({"face": {"pts": [[0, 0], [1, 1], [0, 1e9]]}}, "face.pts.2.1: "),
        ({"beard": {"pts": [[0, 1], [2, 3], [4, 5]], "a": 1}}, "palette: beard, beard_dk, beard_hi missing"),
        ({"face_shapes": [{"p": [[0, 0]], "fill": "@skin"}]}, "face_shapes.0: an outline"),
        ({"face_shapes": [{"p": [[0, 0]], "ell": [3, 3], "fill": "@gold"}]}, "there is no @gold"),
        ({"face_shapes": [{"p": [[0, 0]], "ell": [3, 3], "fill": "@skin", "clip": "x"}]}, "is named x"),
        (
            {"face_shapes": [{"p": [[0, 0]], "ell": [3, 3], "fill": {"stops": [[0, "@skin"]]}}]},
            "fill.gradient: needs either lin or rad",
        ),
        (
            {"face_shapes": [{"p": [[0, 0]], "ell": [3, 3], "fill": "@skin"}] * 300},
            "face_shapes: List should",
        ),
        ({"hair_front": [{"a": [[0, 0]] * 3, "b": [[1, 1]] * 3, "strands": 10**6}]}, "strands: "),
        ({"torso": {"skin": []}}, "torso.skin: one shape must be named neck"),
    ],
)
def test_a_character_says_which_field_is_wrong(folder, sections, says):
    with pytest.raises(AvatarError) as error:
        load(character(folder, **sections))
    assert says in str(error.value)


def test_a_character_builds_on_another_one(folder):
    nia = load(character(folder, palette={"skin": "#102030"}, hair_back=None))
    mira = load(by_name("mira"))
    assert nia.palette == {**mira.palette, "skin": "#102030"}
    assert nia.eyes == mira.eyes
    assert mira.hair_back
    assert not nia.hair_back


def test_lines_without_length_are_drawn_as_nothing(folder):
    """A lock whose points coincide has no direction."""
    lock = {"a": [[256, 60]] * 3, "b": [[256, 60]] * 3, "strands": 4, "tips": [3, 5]}
    stroke = {"p": [[200, 200], [200, 200]], "stroke": [1, 2, 1], "fill": "@skin"}
    directory = character(folder, hair_front=[lock], face_shapes=[stroke])
    picture = load_avatar(directory, Config()).open(128, "")
    assert picture.draw(FaceState()).std() > 10


def test_a_bald_character_is_drawn(folder):
    directory = character(folder, hair_front=None, hair_back=None, hair_back_shapes=None)
    assert load_avatar(directory, Config()).open(128, "").draw(FaceState()).std() > 10


@pytest.mark.parametrize("named", ["nobody", "/nowhere/at/all", "./"])
def test_the_service_does_not_start_with_an_avatar_that_cant_be_used(named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="RENDER_AVATAR: "):
        Studio(Config(avatar=named))


def test_what_is_preloaded_is_there_before_the_first_session():
    with pytest.raises(SystemExit, match=r"RENDER_PRELOAD: .*nobody"):
        Studio(Config(avatar="fake", preload=("nobody",)))
    studio = Studio(Config(avatar="fake", preload=("clapper",)))
    assert {name for name, _ in studio._avatars} == {"fake", "clapper"}
    studio.close()


def test_the_service_shows_an_avatar_by_its_path(folder):
    studio = Studio(Config(avatar=str(folder)))
    spec = VideoSpec(size_px=128)
    drawing, again = studio.open(Wish(spec=spec)), studio.open(Wish("nia", spec=spec))
    drawing.close()
    again.close()
    studio.close()


def test_a_size_that_the_avatar_is_not_made_for_is_refused(folder):
    (folder / MANIFEST).write_text(GOOD + "[size]\nmin_px = 256\n")
    studio = Studio(Config(avatar=str(folder)))
    with pytest.raises(InvalidInput, match=r"format.width_px must be 256 to 1024"):
        studio.check(Wish(spec=VideoSpec(size_px=128)))
    studio.close()


def test_shipped_avatars_are_small():
    assert sum(path.stat().st_size for path in shipped().rglob("*") if path.is_file()) < 40e6


def test_every_background_that_ships_is_drawn(contrast):
    mira = by_name("mira")
    own = load_avatar(mira, Config()).open(128, "").draw(FaceState()).copy()
    shown = [own]
    for name in backgrounds(mira):
        picture = load_avatar(with_background(mira, name), Config()).open(128, "").draw(FaceState()).copy()
        assert all(np.abs(picture[:128, :24].astype(int) - other[:128, :24]).mean() > 3 for other in shown)
        assert contrast(picture) >= 4.5, "the label can be read"
        assert np.abs(picture[40:90, 52:76].astype(int) - own[40:90, 52:76]).max() <= 1  # the same face
        shown.append(picture)
    assert len(shown) > 4


def test_an_avatar_may_bring_its_own_background(folder):
    (folder / "backgrounds").mkdir()
    (folder / "backgrounds" / "wall.json").write_text('{"fill": "#ff0000"}')
    directory = character(folder)
    picture = load_avatar(with_background(directory, "wall"), Config()).open(128, "").draw(FaceState())
    assert picture[120, 2] == 82  # red
    with pytest.raises(NotFound, match="no background 'moon' for the avatar nia; there are evening"):
        with_background(directory, "moon")
    (folder / "backgrounds" / "wall.json").write_text('{"fill": "red"}')
    with pytest.raises(AvatarError, match=r"backgrounds/wall\.json: fill\.colour: String should match"):
        load(with_background(directory, "wall"))


def test_a_test_signal_has_no_backgrounds():
    with pytest.raises(NotFound, match="no background 'office' for the avatar clapper"):
        with_background(by_name("clapper"), "office")
