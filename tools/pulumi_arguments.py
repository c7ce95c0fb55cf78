"""Read a command line of Pulumi as Pulumi reads it: the command, its options in every spelling, and the rest.

Pulumi uses cobra and pflag. `_find_command` follows cobra's `Command.Find`, `_read_options` follows pflag's
`FlagSet.parseArgs`. The options are those of the commands that know `--stack`; a test compares them with
`pulumi generate-cli-spec`.
"""

from __future__ import annotations

from dataclasses import dataclass

WITHOUT_VALUE = frozenset(
    """
    active all asc attach-debugger auto-remediate clear-pending-creates config-path continue-on-error copilot create
    debug debug-preview debug-update delete-after-destroy diff disable-integrations disable-integrity-checking emoji
    exclude-dependents exclude-protected expect-no-changes follow force full-dates fully-qualify-stack-names
    generate-code generate-only help ignore-dependency-edges ignore-parent-edges ignore-protect
    include-non-activated include-parents include-secrets inherit-settings json keep-config latest list-templates
    logflow logtostderr neo neo-task-on-failure no-select non-interactive offline oidc-aws-clear oidc-azure-clear
    oidc-gcp-clear open path plaintext pr-template preserve-config preview-only preview-prs print protect
    push-to-deploy raw refresh remote-config remote-stack-config remove remove-backups run-program secret shell
    short-node-name show-config show-full-output show-ids show-name show-policy-remediations show-reads
    show-replacement-steps show-sames show-secrets show-urns skip-config-validation skip-install-dependencies
    skip-install-deps skip-intermediate-deployments skip-pending-creates skip-plugin-pre-install skip-preview strict
    summary suppress-outputs suppress-permalink suppress-progress suppress-stream-logs target-dependents
    template-mode transitive urns yes
    """.split()  # noqa: SIM905 - a hundred quoted names are hard to read
)
WITH_VALUE = frozenset(
    """
    add-event add-group agent-pool-id ai approval-mode before branch client color commit config config-file
    copy-config-from count cron cwd dependency-edge-color description dest dir display-name dot-fragment env
    env-secret event event-type exclude exec-agent exec-kind executor-image executor-image-password
    executor-image-username executor-root-path file folder from generate-resources git-auth-access-token
    git-auth-password git-auth-ssh-private-key git-auth-ssh-private-key-path git-auth-username git-branch git-commit
    git-repo-dir git-url github-repo group hook-format import-file import-pending-creates job kind language
    memprofilerate message name offset oidc-aws-duration oidc-aws-policy-arn oidc-aws-role-arn oidc-aws-session-name
    oidc-azure-client-id oidc-azure-subscription-id oidc-azure-tenant-id oidc-gcp-project-number
    oidc-gcp-provider-id oidc-gcp-region oidc-gcp-service-account oidc-gcp-token-lifetime oidc-gcp-workload-pool-id
    once operation org organization otel-traces out output override-env page page-size parallel parent
    parent-edge-color path-filter permission-mode plan policy-pack policy-pack-config pre-run-command profiling
    project properties provider remove-env remove-event remove-group replace resource runner-pool runtime-options
    save-plan secret-env secrets-provider since sort source stack step tag target target-replace teams tracing
    tracing-header type url urn verbose
    """.split()  # noqa: SIM905 - a hundred quoted names are hard to read
)
# Those of all commands: before the command's name, cobra knows no others.
OF_THE_ROOT = frozenset(
    (
        *("disable-integrity-checking", "emoji", "fully-qualify-stack-names"),
        *("help", "logflow", "logtostderr", "non-interactive"),
    )
)
# The same name takes a value for one command and none for others.
WITH_VALUE_FOR = {
    "json": ("config set-all",),
    "path": ("watch",),
    "plaintext": ("config set-all",),
    "secret": ("config set-all", "stack webhook"),
    "shell": ("deployment settings",),
}
SHORT = {"C": "cwd", "e": "emoji", "h": "help", "Q": "fully-qualify-stack-names", "s": "stack"}
SHORT_WITH_VALUE = frozenset("Ccmnopstvx")
SHORT_WITH_VALUE_FOR = {"d": ("config copy",), "f": ("import", "cloud"), "q": ("org",)}
SHORT_WITHOUT_VALUE_FOR = {"c": ("stack select",), "p": ("neo", "plugin"), "t": ("about", "new"), "v": ("whoami",)}
SUBCOMMANDS = {
    "config": frozenset(
        "copy cp delete delete-all env get refresh remove remove-all rm rm-all set set-all".split()  # noqa: SIM905
    ),
    "stack": frozenset(
        """
        change-secrets-provider create delete drift export get graph hist history import init list ls migrate new output
        remove rename rm schedule select setup tag unselect webhook
        """.split()  # noqa: SIM905
    ),
    "state": frozenset(
        """
        delete edit get modify move mv protect remove rename repair rm taint unprotect untaint update upgrade
        """.split()  # noqa: SIM905
    ),
    "deployment": frozenset("cancel get list log run settings".split()),  # noqa: SIM905
}
ALIASES = {
    "update": "up",
    "down": "destroy",
    "dn": "destroy",
    "pre": "preview",
    "stack init": "stack new",
    "stack create": "stack new",
    "stack setup": "stack new",
    "stack rm": "stack remove",
    "stack delete": "stack remove",
    "config cp": "config copy",
}


@dataclass(frozen=True)
class PulumiCommand:
    """A command line of Pulumi, read."""

    name: str
    """The command and its subcommand, such as `up` or `stack remove`; empty where there is none."""
    options: dict[str, str]
    """The long names of the options with their last values."""
    positional: tuple[str, ...]

    @property
    def asks_for_help(self) -> bool:
        """Whether it prints its usage and does nothing."""
        return "help" in self.options or self.name in ("", "help")


def read_arguments(arguments: list[str]) -> PulumiCommand:
    """Return the command, its options and its positional arguments."""
    words, rest = _find_command(arguments)
    name = " ".join(words)
    name = ALIASES.get(name, name)
    options, positional = _read_options(name, rest)
    return PulumiCommand(name, options, tuple(positional))


def _find_command(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return the words of the command, and all other arguments in order."""
    words: list[str] = []
    rest: list[str] = []
    remaining = list(arguments)
    while remaining:
        word = remaining.pop(0)
        if word.startswith("-") and word != "--":
            rest.append(word)
            if remaining and _takes_next_in_search(word, words):
                rest.append(remaining.pop(0))
        elif word and word != "--" and (not words or (len(words) == 1 and word in SUBCOMMANDS.get(words[0], ()))):
            words.append(word)
        else:
            return words, [*rest, word, *remaining]
    return words, rest


def _takes_next_in_search(word: str, words: list[str]) -> bool:
    """Whether cobra skips the next word too, as the value of this option, while it looks for the command's name."""
    if "=" in word:
        return False
    if word.startswith("--"):
        return _long_takes_value(word[2:], " ".join(words)) if words else word[2:] not in OF_THE_ROOT
    if len(word) != len("-x"):
        return False
    return _short_takes_value(word[1], words[0]) if words else SHORT.get(word[1]) not in OF_THE_ROOT


def _read_options(name: str, arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    positional: list[str] = []
    remaining = list(arguments)
    while remaining:
        word = remaining.pop(0)
        if word == "--":
            return options, [*positional, *remaining]
        if word.startswith("--"):
            _read_long(word[2:], name, options, remaining)
        elif word.startswith("-") and word != "-":
            _read_short(word[1:], name, options, remaining)
        else:
            positional.append(word)
    return options, positional


def _read_long(word: str, name: str, options: dict[str, str], remaining: list[str]) -> None:
    key, is_set, value = word.partition("=")
    if is_set:
        options[key] = value
    elif not _long_takes_value(key, name):
        options[key] = ""
    # An option that a newer Pulumi has added: it takes the next word where that is no option itself.
    elif remaining and (key in WITH_VALUE | WITH_VALUE_FOR.keys() or not remaining[0].startswith("-")):
        options[key] = remaining.pop(0)


def _read_short(letters: str, name: str, options: dict[str, str], remaining: list[str]) -> None:
    """Read options of one letter, of which the last may have its value in the same word."""
    letter, rest = letters[0], letters[1:]
    key = SHORT.get(letter, letter)
    if rest.startswith("=") and len(rest) > 1:
        options[key] = rest[1:]
    elif not _short_takes_value(letter, name):
        options[key] = ""
        if rest:
            _read_short(rest, name, options, remaining)
    elif rest:
        options[key] = rest
    elif remaining:
        options[key] = remaining.pop(0)


def _long_takes_value(key: str, name: str) -> bool:
    return name.startswith(WITH_VALUE_FOR.get(key, ())) if key in WITH_VALUE_FOR else key not in WITHOUT_VALUE


def _short_takes_value(letter: str, name: str) -> bool:
    if letter in SHORT_WITH_VALUE:
        return not name.startswith(SHORT_WITHOUT_VALUE_FOR.get(letter, ()))
    return name.startswith(SHORT_WITH_VALUE_FOR.get(letter, ()))
