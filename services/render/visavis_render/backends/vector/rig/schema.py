"""What a character file may say: every section, number and colour is checked before anything is drawn.

Units are those of the 512 x 512 design space; `half` contours are offsets from the middle line.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

Coordinate = Annotated[float, Field(ge=-300, le=812)]
Length = Annotated[float, Field(ge=0, le=600)]
Small = Annotated[float, Field(ge=-60, le=60)]
Share = Annotated[float, Field(ge=0, le=1)]
Blur = Annotated[float, Field(ge=0, le=24)]
Point = Annotated[list[Coordinate], Field(min_length=2, max_length=3)]
Points = Annotated[list[Point], Field(min_length=1, max_length=120)]
Line = Annotated[list[Point], Field(min_length=3, max_length=60)]
Colour = Annotated[str, Field(pattern=r"^(#([0-9a-fA-F]{6}|[0-9a-fA-F]{8})|@[a-z_]+(/(0|1|0?\.[0-9]+))?)$")]
Hex = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Stops = Annotated[list[tuple[Share, Colour]], Field(min_length=1, max_length=5)]
HairTone = Literal["hair_dark", "hair_mid", "hair_light", "hair_hi"]

MAX_SHAPES = 240
PALETTE = frozenset(
    (
        *("skin", "skin_hi", "skin_sh", "skin_deep", "blush", "socket", "lid", "lid_dk", "nostril", "rim"),
        *("hair_dark", "hair_mid", "hair_light", "hair_hi", "brow", "lash", "lower_lash"),
        *("sclera", "sclera_sh", "caruncle", "eye_shadow", "pupil"),
        *("iris_rim", "iris_dk", "iris", "iris_lt", "iris_glow"),
        *("lip_up", "lip_mid", "lip_lo", "lip_hi", "lip_line", "mouth_dk", "mouth_in"),
        *("tongue", "tongue_lt", "tongue_dk", "teeth", "teeth_sh"),
    )
)
BEARD_PALETTE = frozenset(("beard", "beard_hi", "beard_dk"))
GLASSES_PALETTE = frozenset(("frame", "frame_hi", "frame_dk"))


class Section(BaseModel):
    """A table of a character file: nothing unknown, no infinite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Fill(Section):
    """A gradient: `lin` x0 y0 x1 y1, or `rad` centre and radii."""

    lin: tuple[Coordinate, Coordinate, Coordinate, Coordinate] | None = None
    rad: tuple[Coordinate, Coordinate, Length, Length] | None = None
    stops: Stops

    @model_validator(mode="after")
    def _one_kind(self) -> "Fill":
        if (self.lin is None) == (self.rad is None):
            raise ValueError("needs either lin or rad")
        return self


def _kind_of_fill(value: Any) -> str:
    return "colour" if isinstance(value, str) else "gradient"


AnyFill = Annotated[
    Annotated[Colour, Tag("colour")] | Annotated[Fill, Tag("gradient")], Discriminator(_kind_of_fill)
]


class Shape(Section):
    """A filled outline, stroke or ellipse. Named ones can clip later ones."""

    p: Points
    fill: AnyFill
    half: bool = False
    mirror: bool = False
    smooth: bool = True
    ell: tuple[Length, Length] | None = None
    stroke: tuple[Length, Length, Length] | None = None
    a: Share = 1.0
    blur: Blur = 0.0
    mode: Literal["normal", "multiply", "screen"] = "normal"
    name: str | None = Field(default=None, max_length=40)
    clip: str | None = Field(default=None, max_length=40)

    @model_validator(mode="after")
    def _enough_points(self) -> "Shape":
        if self.ell is None and len(self.p) < 2:
            raise ValueError("an outline or a stroke needs two points or more")
        return self


Shapes = Annotated[list[Shape], Field(max_length=MAX_SHAPES)]
Fly = tuple[Small, Share, Share, Small, Annotated[float, Field(ge=0.1, le=10)]]


class Lock(Section):
    """A lock of hair between its edges a and b."""

    a: Line
    b: Line
    strands: int = Field(ge=1, le=60)
    seed: int = Field(default=1, ge=0, le=2**31)
    tone: float = Field(default=0.0, ge=-1, le=1)
    stops: Annotated[list[tuple[Share, HairTone]], Field(min_length=1, max_length=5)] | None = None
    tips: tuple[Annotated[int, Field(ge=1, le=12)], Length] | None = None
    curl: float = Field(default=0.0, ge=-2, le=2)
    hl: tuple[Share, Share, Share] | None = None
    rim: Share = 0.0
    rim_a: Share = 0.0
    fly: Annotated[list[Fly], Field(max_length=12)] = []
    noshadow: bool = False
    sh_off: tuple[Small, Small] = (2, 9)


class Background(Section):
    """What is behind the person."""

    fill: AnyFill
    shapes: Shapes = []


class Face(Section):
    pts: Line
    cy: Coordinate = 225
    jaw_y: Coordinate = 262
    blush: Share
    blush_y: Coordinate
    blush_dx: Length
    blush_r: Length
    rim: Share
    socket: Share
    forehead_hi: Share = 0.55


class Eyes(Section):
    dx: Length
    y: Coordinate
    w: float = Field(ge=8, le=60)
    up: float = Field(ge=4, le=40)
    lo: float = Field(ge=3, le=30)
    tilt: Small
    iris: float = Field(ge=4, le=40)
    lash: float = Field(ge=0, le=12)
    wing: Small
    crease: Small
    rest: Share = 0.0
    lashes: Annotated[list[tuple[Small, Small, Small, Small]], Field(max_length=12)] = []
    # Creases beside the eye: three points (outwards and down from its middle), width, strength.
    extra: Annotated[
        list[tuple[Small, Small, Small, Small, Small, Small, Small, Share]], Field(max_length=16)
    ] = []


class Brows(Section):
    dx: Length
    y: Coordinate
    w: Length
    t: float = Field(ge=0.5, le=24)
    arch: Small
    drop: Small
    a: Share


class Nose(Section):
    y: Coordinate
    w: float = Field(ge=4, le=50)
    len: float = Field(ge=8, le=120)
    side: Share
    tip: Share
    bridge: Share
    red: Share


class MouthSection(Section):
    y: Coordinate
    w: float = Field(ge=8, le=60)
    tu: float = Field(ge=1, le=24)
    tl: float = Field(ge=1, le=24)
    bow: Share
    gloss: Share
    dip: Small = 1.2
    rest: float = Field(default=0.0, ge=-1, le=1)
    smile_fold: Share = 0.25
    fold: Share = 0.0
    under: Share = 1.0


class NeckShadow(Section):
    pts: Line
    a: Share


class Torso(Section):
    skin: Shapes
    garment: Shapes


class Ears(Section):
    dx: Length
    y: Coordinate
    s: float = Field(ge=0.3, le=2)


class Beard(Section):
    """A beard inside a half contour: n hairs, and stub loose ones around it below stub_y."""

    pts: Line
    a: Share
    n: int = Field(default=260, ge=0, le=1500)
    stub: int = Field(default=130, ge=0, le=600)
    stub_y: Coordinate = 200


class Glasses(Section):
    dx: Length
    y: Coordinate
    rx: float = Field(ge=8, le=60)
    ry: float = Field(ge=8, le=60)
    th: float = Field(ge=0.5, le=12)
    temple: Length


class HairDepth(Section):
    """How far hair lies behind (back) and before (front: rim, dome) the face."""

    back: float = Field(ge=-40, le=0)
    front: tuple[Annotated[float, Field(ge=0, le=40)], Annotated[float, Field(ge=0, le=40)]]


class HairSwing(Section):
    """How loose the hair is: amount 0 (stiff) to 1.5; it moves below `top`, most at `tips`."""

    amount: float = Field(default=1.0, ge=0, le=1.5)
    top: Coordinate = 140
    tips: Coordinate = 430

    @model_validator(mode="after")
    def _downwards(self) -> "HairSwing":
        if self.tips < self.top + 10:
            raise ValueError("tips must be 10 or more below top")
        return self


class CharacterFile(Section):
    """A whole character."""

    palette: dict[str, Hex]
    bg: Background
    face: Face
    eyes: Eyes
    brows: Brows
    nose: Nose
    mouth: MouthSection
    neck_shadow: NeckShadow
    torso: Torso
    hair_depth: HairDepth
    hair_swing: HairSwing = HairSwing()
    hair_back_shapes: Shapes = []
    hair_back: Annotated[list[Lock], Field(max_length=40)] = []
    hair_front: Annotated[list[Lock], Field(max_length=40)] = []
    front_base: Shapes = []
    front_shapes: Shapes = []
    face_shapes: Shapes = []
    ear_shapes: Shapes = []
    ears: Ears | None = None
    beard: Beard | None = None
    glasses: Glasses | None = None

    @model_validator(mode="after")
    def _colours_are_there(self) -> "CharacterFile":
        wanted = PALETTE
        wanted |= BEARD_PALETTE if self.beard else frozenset()
        wanted |= GLASSES_PALETTE if self.glasses else frozenset()
        if missing := sorted(wanted - self.palette.keys()):
            raise ValueError(f"palette: {', '.join(missing)} missing")
        for name in sorted(_named_colours(self.model_dump(exclude_none=True))):
            if name not in self.palette:
                raise ValueError(f"palette: there is no @{name}, which a shape uses")
        return self

    @model_validator(mode="after")
    def _clips_are_there(self) -> "CharacterFile":
        if not any(shape.name == "neck" for shape in self.torso.skin):
            raise ValueError("torso.skin: one shape must be named neck")
        for shapes in (
            self.bg.shapes,
            [*self.torso.skin, *self.torso.garment],
            self.hair_back_shapes,
            self.front_base,
            self.front_shapes,
            [*self.ear_shapes, *self.face_shapes],
        ):
            _require_clips(shapes)
        return self


def _named_colours(value: Any) -> set[str]:
    """Every palette name that fills speak of."""
    if isinstance(value, str):
        return {value[1:].partition("/")[0]} if value.startswith("@") else set()
    if isinstance(value, dict):
        value = list(value.values())
    return set().union(*map(_named_colours, value)) if isinstance(value, list | tuple) else set()


def _require_clips(shapes: list[Shape]) -> None:
    named: set[str] = set()
    for shape in shapes:
        if shape.name:
            named |= {shape.name, f"{shape.name}_r"} if shape.mirror else {shape.name}
        if shape.clip and shape.clip not in named:
            raise ValueError(f"clip: no shape before it is named {shape.clip}")
