"""Owns which files are worth reading, judged by name and first bytes, and which must never be.

Must not open anything.
"""

import re
from enum import Enum
from posixpath import splitext

__all__ = ["Kind", "is_machine_written", "is_secret_name", "is_skipped", "kind_of"]


class Kind(Enum):
    """What role a file plays in a repository."""

    SOURCE = "source"
    TEST = "test"
    EXAMPLE = "example"
    DOCS = "docs"
    CONFIG = "config"
    OTHER = "other"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SKIPPED_DIRS = _words(
    ".git .hg .svn .jj node_modules bower_components vendor _vendor third_party thirdparty "
    "site-packages __pycache__ .venv venv .tox .nox .mypy_cache .ruff_cache .pytest_cache "
    ".gradle .idea .next .nuxt .svelte-kit .terraform .yarn pods deriveddata .ssh .gnupg .aws"
)
_SKIPPED_NAMES = _words(
    "package-lock.json npm-shrinkwrap.json pnpm-lock.yaml bun.lock bun.lockb go.sum "
    "go.work.sum cargo.lock poetry.lock pdm.lock uv.lock pipfile.lock composer.lock "
    "gemfile.lock yarn.lock mix.lock flake.lock podfile.lock packages.lock.json "
    "gradle.lockfile .ds_store tags"
)
_SKIPPED_SUFFIXES = _words(
    ".png .jpg .jpeg .gif .bmp .ico .icns .webp .avif .tif .tiff .psd .svg .pdf .eps .mp3 "
    ".mp4 .mov .avi .mkv .webm .ogg .wav .flac .ttf .otf .woff .woff2 .eot .zip .gz .tgz .bz2 "
    ".xz .zst .7z .rar .tar .jar .war .whl .egg .deb .rpm .dmg .iso .exe .dll .so .dylib .a "
    ".o .obj .lib .bin .class .pyc .pyo .pyd .wasm .node .db .sqlite .sqlite3 .mdb .parquet "
    ".arrow .npy .npz .pkl .h5 .onnx .pt .pth .safetensors .gguf .map .lock .snap .pb .mo "
    ".dat .swp .orig .rej .patch"
)
_MINIFIED = re.compile(r"[.-](?:min|bundle|pack)\.(?:js|mjs|cjs|css)$|_pb2(?:_grpc)?\.pyi?$")
_GENERATED_NAME = re.compile(
    r"\.pb\.(?:go|cc|h)$|\.(?:g|freezed)\.dart$|\.designer\.cs$|\.generated\.\w+$"
)

_SECRET_NAMES = _words(
    ".netrc _netrc .npmrc .pypirc .pgpass .htpasswd .git-credentials credentials "
    "credentials.json credentials.toml credentials.yml credentials.yaml secrets.json "
    "secrets.toml secrets.yml secrets.yaml secret.yml secret.yaml service-account.json "
    "service_account.json client_secret.json master.key auth.json token.json .dockercfg "
    ".s3cfg .boto kubeconfig"
)
_SECRET_SUFFIXES = _words(
    ".pem .key .p12 .pfx .jks .keystore .kdbx .asc .gpg .ppk .p8 .der .crt .cer .ovpn "
    ".tfstate .tfvars .age .agekey"
)
_SECRET_PATTERN = re.compile(r"^(?:id_(?:rsa|dsa|ecdsa|ed25519)\w*(?!\.pub)|\.env(?:rc|[._-].*)?)$")
_HARMLESS_ENV = re.compile(r"[._-](?:example|sample|template|dist)$")

_SOURCE_SUFFIXES = _words(
    ".py .pyi .pyx .pxd .js .mjs .cjs .jsx .ts .mts .cts .tsx .vue .svelte .astro .go .rs .c "
    ".h .cc .cpp .cxx .hpp .hh .m .mm .cs .fs .vb .java .kt .kts .scala .groovy .clj .cljs "
    ".rb .php .swift .dart .lua .vim .el .lisp .scm .rkt .hs .ml .mli .elm .ex .exs .erl .hrl "
    ".jl .r .pl .pm .sh .bash .zsh .fish .ps1 .sql .proto .graphql .zig .nim .d .v .sv .vhd "
    ".asm .s .f90 .f .pas .cu .cl .glsl .hlsl .wgsl .css .scss .less .sass .html .htm .xhtml "
    ".jinja .j2 .ejs .erb .hbs .tmpl .tf .nix .cr .sol .coffee .ipynb"
)
_DOC_SUFFIXES = _words(".md .mdx .rst .txt .adoc .asciidoc .org .tex .pod .1 .3 .5 .8")
_DOC_STEMS = _words(
    "readme changes changelog history news license licence copying authors contributors "
    "contributing code_of_conduct security notice todo releases"
)
_CONFIG_SUFFIXES = _words(
    ".json .json5 .jsonc .toml .yml .yaml .ini .cfg .conf .config .properties .xml .plist "
    ".editorconfig .gitignore .csv .tsv .mk .cmake .gradle .bazel .bzl .mod .sum .in .lst"
)
_CONFIG_STEMS = re.compile(
    r"^(?:setup|noxfile|fabfile|gulpfile|gruntfile|rakefile|makefile|dockerfile|jenkinsfile|"
    r".+\.(?:config|conf|setup))$"
)
_TEST_DIRS = _words(
    "test tests testing testdata test_data __tests__ __mocks__ __fixtures__ __snapshots__ "
    "spec specs fixtures fixture e2e mocks playground testsuite"
)
_TEST_NAME = re.compile(r"^(?:test_.*|conftest|.*[._-](?:test|tests|spec|bench)|.*Tests?|.*Spec)$")
_DOC_DIRS = _words("doc docs documentation website site changelogs man guide guides")
_EXAMPLE_DIRS = _words(
    "example examples sample samples demo demos tutorial tutorials benchmark benchmarks bench "
    "benches scripts contrib"
)
_CONFIG_DIRS = _words(".github .circleci .vscode .devcontainer ci .ci")

_GENERATED = re.compile(
    rb"(?i)\bgenerated .{0,200}do not edit|@generated|auto-?generated (?:file|by|code)|"
    rb"this file (?:is|was) (?:automatically |auto-?)?generated"
)
_HEAD = 8192
_LONGEST_LINE = 5000
_HEADER = 600


def kind_of(path: str) -> Kind:
    """Classify a POSIX relative path by its folders, name and suffix."""
    folders = path.lower().split("/")
    folders.pop()
    stem, suffix = splitext(path.rsplit("/", 1)[-1])
    suffix = suffix.lower()
    if not _TEST_DIRS.isdisjoint(folders) or _TEST_NAME.match(stem):
        return Kind.TEST
    if not _EXAMPLE_DIRS.isdisjoint(folders):
        return Kind.EXAMPLE
    if not _DOC_DIRS.isdisjoint(folders) or suffix in _DOC_SUFFIXES or stem.lower() in _DOC_STEMS:
        return Kind.DOCS
    if (
        not _CONFIG_DIRS.isdisjoint(folders)
        or suffix in _CONFIG_SUFFIXES
        or _CONFIG_STEMS.match(stem.lower())
    ):
        return Kind.CONFIG
    return Kind.SOURCE if suffix in _SOURCE_SUFFIXES else Kind.OTHER


def is_skipped(path: str) -> bool:
    """Whether a path is vendored, binary, a lock file or minified by its name alone."""
    *folders, name = path.lower().split("/")
    if not _SKIPPED_DIRS.isdisjoint(folders) or name in _SKIPPED_NAMES:
        return True
    if splitext(name)[1] in _SKIPPED_SUFFIXES:
        return True
    return bool(_MINIFIED.search(name) or _GENERATED_NAME.search(name))


def is_secret_name(path: str) -> bool:
    """Whether a file exists to hold credentials: such a file is never opened."""
    name = path.rsplit("/", 1)[-1].lower()
    if name in _SECRET_NAMES or splitext(name)[1] in _SECRET_SUFFIXES:
        return True
    if name.endswith(".env") or _SECRET_PATTERN.match(name):
        return not _HARMLESS_ENV.search(name)
    return False


def is_machine_written(head: bytes) -> bool:
    """Whether the first bytes show a binary, minified or generated file."""
    head = head[:_HEAD]
    if b"\0" in head:
        return True
    if len(head) >= _LONGEST_LINE and max(map(len, head.split(b"\n"))) >= _LONGEST_LINE:
        return True
    return _GENERATED.search(head[:_HEADER]) is not None
