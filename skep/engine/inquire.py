"""Questions to one manager that depend on what was observed, asked side by side over one login."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docker.errors import APIError

from skep.engine.clients import PER_HOST, Clients
from skep.engine.stacks import Credentials
from skep.errors import SkepError
from skep.questions import Inquiry
from skep.ssh import Pool
from skep.workers import side_by_side


def inquire(
    pool: Pool, managers: Sequence[str], inquiries: Sequence[Inquiry], credentials: Credentials
) -> Mapping[Inquiry, object]:
    """The answers: decoded JSON, or a text that says why there is none. Nothing is raised for a single one."""
    clients = Clients(pool)

    def ask(inquiry: Inquiry) -> object:
        lost: SkepError | None = None
        try:
            header = credentials.header(inquiry.image) if inquiry.image else None
        except SkepError as error:
            return "; ".join(part for part in (error.message, error.cause, error.next_action) if part)
        headers = {"X-Registry-Auth": header.reveal()} if header else {}
        for host in managers:
            try:
                with clients.lend(host, "look at registries") as api:
                    try:
                        return api.read(inquiry.path, headers=headers)
                    except APIError as error:
                        return str(error.explanation or error)
            except SkepError as error:
                lost = error
        return lost.message if lost else "no manager answers"

    try:
        return dict(zip(inquiries, side_by_side(ask, inquiries, width=PER_HOST, name="inquire"), strict=True))
    finally:
        clients.close()
