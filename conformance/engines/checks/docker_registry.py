"""Docker: images that go to a registry and come back."""

from clients import registry
from clients.docker import IMAGE, docker
from harness.session import session, write

from .docker_engine import engine


@engine.check(timeout=120)
def registry_with_login():
    address = registry.start()
    image = f"{address}/team/box:pushed"
    folder = session.new_folder("pushed")
    write(folder + "/Dockerfile", f"FROM {IMAGE}\nRUN echo pushed > /pushed\n")
    docker("build", "--network", "none", "-t", image, folder, timeout=60)
    docker("push", image, status=1, timeout=60).matches("no basic auth credentials|unauthorized|denied")
    docker("login", "-u", registry.USER, "--password-stdin", address, stdin="wrong", status=1).matches("unauthorized")
    docker("login", "-u", registry.USER, "--password-stdin", address, stdin=registry.PASSWORD).includes("Login Succeeded")
    try:
        docker("push", image, timeout=60).includes("digest: sha256:")
        docker("rmi", image)
        docker("pull", image, timeout=60).includes("Downloaded newer image")
        docker.run(image, "cat", "/pushed").printed("pushed\n")
    finally:
        docker("logout", address)
        docker("rmi", "-f", image, status=None)
    docker("pull", image, status=1, timeout=60).matches("no basic auth credentials|unauthorized|denied")
