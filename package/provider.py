"""The host of the package: says what is in it, and builds a home whenever a program asks for one."""

import json
from typing import Any

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
from package.schema import HOME, schema


class HeroPackage(Provider):
    """Not the SDK's own host of components: that one knows no nested config, nor what of it is wrong."""

    async def get_schema(self, request: GetSchemaRequest) -> GetSchemaResponse:
        """The same for all."""
        del request
        return GetSchemaResponse(json.dumps(schema()))

    async def construct(self, request: ConstructRequest) -> ConstructResponse:
        """Build a home, after its config was checked as a stack's is."""
        try:
            if request.resource_type != HOME:
                raise ConfigurationError(f"{request.resource_type} is not in this package, which has {HOME} alone.")
            reader = Reader(entries_of(request.name, request.inputs), InProgram(pulumi.get_stack()))
            settings = check_settings(request.name, reader)
        except ConfigurationError as mistakes:
            # Of the errors that the server knows, the one that it tells without a traceback.
            raise InputPropertiesError(str(mistakes), []) from None
        home = Home(request.name, settings, request.options)
        return ConstructResponse(urn=await _known(home.urn), state=await _state(home), state_dependencies={})


async def _known(urn: pulumi.Output[str]) -> str:
    value = await urn.future()
    assert value is not None
    return value


async def _state(home: Home) -> dict[str, PropertyValue]:
    dependencies: dict[str, list[pulumi.Resource]] = {}
    told: Any = {name: value for name, value in home.told.items() if value is not None}
    return PropertyValue.unmarshal_map(await rpc.serialize_properties(told, dependencies, keep_output_values=True))
