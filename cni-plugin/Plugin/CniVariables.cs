namespace Ambient.CniPlugin;

/// <summary>What the runtime says by environment variables; each is checked when a command asks for it.</summary>
internal sealed class CniVariables(Func<string, string?> read)
{
    private const int MaxContainerId = 1024, MaxInterface = 15, MaxPath = 4096; // IFNAMSIZ, PATH_MAX

    /// <exception cref="CniException">Not set.</exception>
    public string Command => Require("CNI_COMMAND");

    /// <summary>The sandbox's id.</summary>
    /// <exception cref="CniException">Missing or malformed.</exception>
    public string ContainerId
    {
        get
        {
            var id = Require("CNI_CONTAINERID");
            return id.Length <= MaxContainerId && char.IsAsciiLetterOrDigit(id[0]) && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')
                ? id
                : throw Invalid("CNI_CONTAINERID", id, $"a letter or digit, then letters, digits and _.- up to {MaxContainerId} characters");
        }
    }

    /// <exception cref="CniException">Missing or malformed.</exception>
    public string Interface
    {
        get
        {
            var name = Require("CNI_IFNAME");
            return name.Length <= MaxInterface && name is not ("." or "..") && name.All(c => c is not ('/' or ':') && c > ' ')
                ? name
                : throw Invalid("CNI_IFNAME", name, $"an interface name of up to {MaxInterface} characters, without / : and spaces");
        }
    }

    /// <summary>Path of the network namespace.</summary>
    /// <exception cref="CniException">Missing or malformed.</exception>
    public string Netns => RequirePath(Require("CNI_NETNS"));

    /// <summary>Likewise; empty if not set, which DEL allows when the namespace is gone already.</summary>
    /// <exception cref="CniException">Malformed.</exception>
    public string NetnsIfAny => read("CNI_NETNS") is { Length: > 0 } path ? RequirePath(path) : "";

    /// <exception cref="CniException">Malformed.</exception>
    public CniArguments Arguments => CniArguments.Parse(read("CNI_ARGS") ?? "");

    private string Require(string name) => read(name) is { Length: > 0 } value
        ? value
        : throw new CniException(CniErrorCode.InvalidEnvironment, $"{name} is not set",
            "The plugin is started by a container runtime, which sets it; it is no command for a shell.");

    private static string RequirePath(string path) => path.Length <= MaxPath && path[0] == '/' && !path.Any(char.IsControl)
        ? path
        : throw Invalid("CNI_NETNS", path, $"an absolute path of up to {MaxPath} characters");

    private static CniException Invalid(string name, string value, string expected) =>
        new(CniErrorCode.InvalidEnvironment, $"{name} is '{Shown.Of(value)}'", $"Expected is {expected}.");
}
