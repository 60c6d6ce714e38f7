"""The mind: one reply stream for each turn."""

from collections.abc import Awaitable, Callable, Sequence

from visavis.brain.v1 import brain_service_pb2 as pb
from visavis.brain.v1.brain_service_pb2_grpc import BrainServiceStub

from visavis_gateway.engine import Move, Persona
from visavis_gateway.peers.duplex import Duplex


def messages_of(history: Sequence[Move]) -> list[pb.Message]:
    """The conversation's memory as the proto has it."""
    return [
        pb.Message(
            role=pb.ROLE_USER if move.is_user else pb.ROLE_AVATAR,
            text=move.text,
            interrupted=move.interrupted,
        )
        for move in history
    ]


def persona_of(persona: Persona) -> pb.Persona:
    """Who answers, as the proto has it."""
    return pb.Persona(
        name=persona.title,
        prompt=persona.prompt,
        language_code=persona.language_code,
        max_token_count=persona.max_token_count,
        refusals=[
            pb.Refusal(topic=refusal.topic, words=refusal.words, reply=refusal.reply)
            for refusal in persona.refusals
        ],
    )


class BrainPeer:
    """Answers one turn: text and ends of generations come back through the two callbacks."""

    def __init__(
        self,
        stub: BrainServiceStub,
        on_text: Callable[[int, str], Awaitable[None]],
        on_done: Callable[[int, bool], Awaitable[None]],
    ) -> None:
        self._stub = stub
        self._on_text = on_text
        self._on_done = on_done
        self._stream: Duplex[pb.ReplyRequest, pb.ReplyResponse] = Duplex("brain")

    async def run(
        self,
        session_id: str,
        turn_id: str,
        persona: Persona,
        history: Sequence[Move],
        metadata: tuple[tuple[str, str], ...],
    ) -> None:
        """Hold the turn's stream until `finish` or cancel."""
        start = pb.StartReply(
            session_id=session_id,
            turn_id=turn_id,
            persona=persona_of(persona),
            history=messages_of(history),
        )
        await self._stream.run(
            self._stub.Reply, pb.ReplyRequest(start=start), self._on_response, metadata=metadata
        )

    def warm(self, text: str) -> None:
        """Let the model read what the user has said so far."""
        self._stream.send(pb.ReplyRequest(partial=pb.PartialTranscript(text=text)))

    def generate(self, generation: int, transcript: str, history: Sequence[Move]) -> None:
        """Ask for a reply."""
        generate = pb.Generate(generation=generation, transcript=transcript, history=messages_of(history))
        self._stream.send(pb.ReplyRequest(generate=generate))

    def confirm(self, generation: int) -> None:
        """This one counts."""
        self._stream.send(pb.ReplyRequest(confirm=pb.Confirm(generation=generation)))

    def discard(self, generation: int) -> None:
        """This one does not."""
        self._stream.send(pb.ReplyRequest(discard=pb.Discard(generation=generation)))

    async def finish(self) -> None:
        """No more requests for this turn."""
        await self._stream.put(pb.ReplyRequest(finish=pb.FinishReply()))
        await self._stream.end()

    async def _on_response(self, response: pb.ReplyResponse) -> None:
        match response.WhichOneof("event"):
            case "text":
                await self._on_text(response.generation, response.text.text)
            case "done":
                failed = response.done.finish_reason == pb.FINISH_REASON_ERROR
                await self._on_done(response.generation, failed)
