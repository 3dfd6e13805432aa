"""The base class of the sandbox's values, with Vantaca's spelling of names in JSON."""

from pydantic import BaseModel, ConfigDict


def wire_name(attribute: str) -> str:
    """Vantaca's spelling of an attribute: `provider_type_id` is `providerTypeID`, `on_hold` is `onHold`.

    A name that is in Vantaca's spelling stays as it is.
    """
    first, *others = attribute.split("_")
    name = first + "".join(other[:1].upper() + other[1:] for other in others)
    return f"{name[:-2]}ID" if name.endswith("Id") else name


class WireModel(BaseModel):
    """An immutable value of the sandbox, in JSON under Vantaca's spelling of its names.

    Unknown names are refused, and a validation error never repeats what it was given.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=wire_name,
        populate_by_name=True,
        hide_input_in_errors=True,
    )
