"""What a viewer that draws is sent: assets in parts, faces as protos."""

from collections.abc import Iterator, Sequence

from visavis.media.v1 import media_pb2 as media
from visavis.render.v1 import render_service_pb2 as pb

from visavis_render.engine import Asset, FaceState, HeadPose, Viseme

MAX_PART_BYTES = 512 << 10
LEAST = 5e-4  # a smaller weight can't be seen
NUMBERS = {viseme: media.Viseme.Value(f"VISEME_{viseme.name}") for viseme in Viseme}


def asset_parts(assets: Sequence[Asset]) -> Iterator[pb.FaceAsset]:
    """Every asset, in parts that fit into a message; an empty file is one empty part."""
    for asset in assets:
        for start in range(0, max(1, len(asset.data)), MAX_PART_BYTES):
            end = start + MAX_PART_BYTES
            yield pb.FaceAsset(
                name=asset.name,
                media_type=asset.media_type,
                data=asset.data[start:end],
                complete=end >= len(asset.data),
            )


def to_face(pts_us: int, face: FaceState) -> pb.FaceFrame:
    """One state of the face; weights that can't be seen are left out."""
    return pb.FaceFrame(
        pts_us=pts_us,
        visemes=[
            pb.VisemeWeight(viseme=NUMBERS[viseme], weight=weight)
            for viseme, weight in face.visemes.items()
            if weight > LEAST
        ],
        expression=[
            pb.BlendshapeWeight(name=name, weight=weight)
            for name, weight in face.expression.items()
            if weight > LEAST
        ],
        head=_pose(face.head),
        trail=_pose(face.trail),
        gaze_x=face.gaze.x,
        gaze_y=face.gaze.y,
        blink=face.blink,
        breath=face.breath,
        sounding=NUMBERS[face.sounding] if face.sounding else media.VISEME_UNSPECIFIED,
    )


def _pose(pose: HeadPose) -> pb.HeadPose:
    return pb.HeadPose(yaw_deg=pose.yaw_deg, pitch_deg=pose.pitch_deg, roll_deg=pose.roll_deg)
