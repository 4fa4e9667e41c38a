using System.Diagnostics;

namespace Ambient.Lab.Processes;

/// <summary>Runs a program to its end, in this namespace or in another.</summary>
public static class Command
{
    /// <summary>A command that takes longer is killed and reported as exit code 124, as timeout(1) does.</summary>
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(30);

    public static Task<CommandResult> RunAsync(string program, params IEnumerable<string> arguments) =>
        RunAsync(new ProcessStartInfo(program, arguments), input: null, DefaultLimit);

    /// <param name="ns">Name of a network namespace under /run/netns.</param>
    public static Task<CommandResult> RunInAsync(string ns, string program, params IEnumerable<string> arguments) =>
        RunAsync("ip", ["netns", "exec", ns, program, .. arguments]);

    /// <summary>Feeds lines to one `ip -batch`: a process start for each would be most of a lab's start-up time.</summary>
    /// <param name="ns">Where they are carried out; null for the caller's namespace.</param>
    public static async Task IpAsync(string? ns, params IEnumerable<string> lines)
    {
        string[] arguments = ns is null ? ["-batch", "-"] : ["-n", ns, "-batch", "-"];
        var result = await RunAsync(new ProcessStartInfo("ip", arguments), string.Join('\n', lines) + "\n", DefaultLimit);
        result.OutputOrThrow();
    }

    public static async Task<CommandResult> RunAsync(ProcessStartInfo start, string? input, TimeSpan limit)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        var text = $"{start.FileName} {string.Join(' ', start.ArgumentList)}";
        using var process = Process.Start(start) ?? throw new LabException($"'{text}' did not start.");
        using var expiry = new CancellationTokenSource(limit);
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await WriteInputAsync(process, input);
            await process.WaitForExitAsync(expiry.Token);
            return new(text, process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return new(text, 124, await output, await errors + $"stopped after {limit.TotalSeconds:0.#} s");
        }
    }

    private static async Task WriteInputAsync(Process process, string? input)
    {
        try
        {
            if (input is not null) await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading everything; its exit code tells the story.
        }
    }
}
