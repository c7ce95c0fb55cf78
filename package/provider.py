"""The host of the package: says what is in it, and builds a home whenever a program asks for one."""

import json
from typing import cast

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    ConstructRequest,
    ConstructResponse,
    GetSchemaRequest,
    GetSchemaResponse,
    Provider,
)
from pulumi.runtime import rpc

from components.catalogue import check_settings
from components.reader import Reader
from components.settings import ConfigurationError
from package.home import Home
from package.inputs import InProgram, entries_of
from package.schema import schema


class HeroPackage(Provider):
    """Not the SDK's own host of components: that one knows no nested config, nor what of it is wrong."""

    async def get_schema(self, request: GetSchemaRequest) -> GetSchemaResponse:
        """The same for all."""
        del request
        return GetSchemaResponse(json.dumps(schema()))

    async def construct(self, request: ConstructRequest) -> ConstructResponse:
        """Build a home, after its config was checked as a stack's is."""
        try:
            reader = Reader(entries_of(request.name, request.inputs), InProgram(pulumi.get_stack()))
            settings = check_settings(request.name, reader)
        except ConfigurationError as mistakes:
            # Of the errors that the server knows, the one that it tells without a traceback.
            raise InputPropertiesError(str(mistakes), []) from None
        home = Home(request.name, settings, request.options)
        state = {name: await _told(value) for name, value in home.told.items() if value is not None}
        return ConstructResponse(urn=await _known(home.urn), state=state, state_dependencies={})


async def _known(urn: pulumi.Output[str]) -> str:
    # An unknown one comes as nothing, which the URN of what is registered never is.
    return await urn.future() or ""


async def _told(value: pulumi.Input[object]) -> PropertyValue:
    """What an output is by now, with who it is of; a preview does not know all."""
    output = pulumi.Output.from_input(value)
    if not await output.is_known():
        # The server does not know its own word for it; this is how it goes over the wire.
        return PropertyValue(rpc.UNKNOWN, await output.is_secret())
    plain = await output.future()
    content = [PropertyValue(each) for each in cast("list[str]", plain)] if isinstance(plain, list) else plain
    urns = [await resource.urn.future() for resource in await output.resources()]
    return PropertyValue(cast("str", content), await output.is_secret(), [urn for urn in urns if urn])
