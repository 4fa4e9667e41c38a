using System.Diagnostics;

namespace Ambient.Scale;

/// <summary>Server and nodes as processes of their own, so that each one's memory is its own.</summary>
internal static class ScaleRun
{
    public static async Task<int> RunAsync(ScaleOptions options)
    {
        using var server = Start("serve", options);
        var address = (await ReadAsync(server, "listening ")).Split(' ')[1];
        await AskAsync(server, "rss", "rss");
        using var nodes = Start($"nodes {address}", options);
        await ReadAsync(nodes, "connection with the state held");
        await AskAsync(server, "rss", "rss");
        await AskAsync(server, "change", "changed");
        await AskAsync(server, "metrics", "end");
        await AskAsync(nodes, "", "connection again");
        await AskAsync(server, "rss", "rss");
        await nodes.StandardInput.WriteLineAsync();
        await nodes.WaitForExitAsync();
        server.StandardInput.Close();
        await server.WaitForExitAsync();
        return 0;
    }

    private static Process Start(string command, ScaleOptions options) => Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. command.Split(' '), .. options.ToArguments()])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private static async Task AskAsync(Process process, string command, string until)
    {
        await process.StandardInput.WriteLineAsync(command);
        await ReadAsync(process, until);
    }

    private static async Task<string> ReadAsync(Process process, string until)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            Console.WriteLine(line);
            if (line.StartsWith(until, StringComparison.Ordinal)) return line;
        }
        throw new InvalidOperationException("The process ended early.");
    }
}
