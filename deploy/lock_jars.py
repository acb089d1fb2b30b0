"""Writes services/embedded/jars.lock: every jar of the embedded Kafka with its SHA-256 and size.

Run by hand when Kafka's version changes; needs Maven and the network:  python deploy/lock_jars.py
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

KAFKA = "4.4.0"
SLF4J = "1.7.36"  # the version Kafka is built against; without a binding the broker says nothing at all

LOCK = Path(__file__).parent.parent / "services" / "embedded" / "jars.lock"

POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>livefair</groupId><artifactId>embedded</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>{SLF4J}</version></dependency>
  </dependencies>
</project>
"""


def main() -> None:
    """Resolve, hash, write."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "pom.xml").write_text(POM)
        subprocess.run(
            [
                *("mvn", "-q", "-B", f"-Dmaven.repo.local={place / 'repository'}", "dependency:copy-dependencies"),
                *("-DincludeScope=runtime", "-Dmdep.useRepositoryLayout=true", f"-DoutputDirectory={place / 'jars'}"),
            ],
            cwd=place,
            check=True,
        )
        lines = [
            f"{hashlib.sha256(jar.read_bytes()).hexdigest()} {jar.stat().st_size} {jar.relative_to(place / 'jars')}"
            for jar in sorted((place / "jars").rglob("*.jar"))
        ]
    head = f"# Apache Kafka {KAFKA}: sha256, bytes, path in a Maven repository. Made by deploy/lock_jars.py."
    LOCK.write_text("\n".join([head, *lines]) + "\n")


if __name__ == "__main__":
    main()
