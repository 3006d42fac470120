import os
import pty
import threading

import pytest

from autod_tui.demo.listener import Listener


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    yield Listener(reader), writer
    os.close(reader)


def test_lines_from_a_pipe_are_messages_of_their_own(pipe):
    listener, writer = pipe
    os.write(writer, b"y\nfirst\nsecond\r\n")
    os.close(writer)
    assert listener.line() == "y"
    assert [listener.message(), listener.message(), listener.message()] == ["first", "second", None]


def test_a_last_line_without_an_end_counts(pipe):
    listener, writer = pipe
    os.write(writer, b"half")
    os.close(writer)
    assert listener.message() == "half"
    assert listener.message() is None


def test_a_bracketed_paste_is_one_message(pipe):
    listener, writer = pipe
    os.write(writer, b"\x1b[200~one\ntwo\nthree\x1b[201~\nfour\n")
    os.close(writer)
    assert listener.message() == "one\ntwo\nthree"
    assert listener.message() == "four"


def test_a_paste_that_comes_in_pieces_is_waited_for(pipe):
    listener, writer = pipe
    os.write(writer, b"\x1b[200~one\n")

    def rest():
        os.write(writer, b"two\x1b[201~\n")
        os.close(writer)

    thread = threading.Timer(0.05, rest)
    thread.start()
    assert listener.message() == "one\ntwo"
    thread.join()


def test_characters_cut_in_two_are_put_together(pipe):
    listener, writer = pipe
    text = "naïve ✻"
    raw = text.encode() + b"\n"
    os.write(writer, raw[:3])
    thread = threading.Timer(0.05, lambda: (os.write(writer, raw[3:]), os.close(writer)))
    thread.start()
    assert listener.message() == text
    thread.join()


def test_lines_typed_at_once_on_a_terminal_are_one_message():
    master, slave = pty.openpty()
    try:
        os.write(master, b"The gate failed\nLog: x\n")
        assert Listener(slave).message() == "The gate failed\nLog: x"
    finally:
        os.close(master)
        os.close(slave)
