import textwrap


def title(text):
    return textwrap.shorten(text.title(), 20)
