"""Testinfra over a session."""

from skep.ssh import Result
from skep.verify.backend import testinfra_host as over


def test_a_command_gives_status_and_both_streams(session):
    host = over(session(table={"whoami": Result(3, "root\n", "oh\n")}))
    result = host.run("whoami")
    assert (result.rc, result.stdout, result.stderr) == (3, "root\n", "oh\n")
    assert host.backend.get_hostname() == "m1"


def test_arguments_are_quoted(session):
    fake = session()
    over(fake).run("cat %s", "/a b;c")
    assert fake.asked == ["cat '/a b;c'"]


def test_text_beyond_ascii_is_not_worth_asking_the_host_for_its_encoding(session):
    fake = session(table={"cat": "grüß\n"})
    result = over(fake).run("cat %s", "ü")
    assert result.stdout == "grüß\n"
    assert result.stdout_bytes == "grüß\n".encode()
    assert len(fake.asked) == 1


def test_sudo_is_no_command_for_root(session):
    fake = session()
    host = over(fake)
    with host.sudo():
        host.run("id")
    with host.sudo("www-data"):
        host.run("id")
    assert fake.asked[0] == "id"
    assert "runuser -u www-data -- /bin/sh -c id" in fake.asked[1]


def test_bytes_that_are_no_text_arrive_as_they_are(session):
    raw = b"\xff\x00\xc3\xa9\n"
    host = over(session(table={"cat": raw.decode(errors="surrogateescape"), "uname": "Linux\n"}))
    assert host.run("cat /key").stdout_bytes == raw
    assert host.file("/key").content == raw


def test_modules_work(session):
    fake = session(
        table={
            "uname -s": "Linux\n",
            "uname -m": "x86_64\n",
            "os-release": "ID=debian\n",
            "dpkg-query": "install ok installed 26.1.5",
        }
    )
    assert over(fake).package("docker.io").version == "26.1.5"
