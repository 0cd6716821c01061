"""`{% desk_url "board" %}`: the address of a page of the current desk."""

from django import template

from tenancy.addresses import desk_url as address

register = template.Library()


@register.simple_tag(takes_context=True)
def desk_url(context, name, **kwargs):
    """The path of a page of the desk that the request works for."""
    return address(context["tenant"], name, **kwargs)
