using System.Text;

namespace Ambient.Playground.Api;

/// <summary>The file in which kubectl finds a cluster.</summary>
internal static class Kubeconfig
{
    public static async Task WriteAsync(string path, string url, string? rootPem, string? token)
    {
        var text = new StringBuilder().Append($"""
            apiVersion: v1
            kind: Config
            current-context: playground
            contexts:
            - name: playground
              context: {"{"}cluster: playground, user: playground{"}"}
            clusters:
            - name: playground
              cluster:
                server: {url}

            """);
        if (rootPem is not null) text.Append($"    certificate-authority-data: {Convert.ToBase64String(Encoding.ASCII.GetBytes(rootPem))}\n");
        text.Append("users:\n- name: playground\n  user:");
        text.Append(token is null ? " {}\n" : $"\n    token: {token}\n");
        // Readable by nobody else from its first moment: a token is inside.
        await using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await file.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
