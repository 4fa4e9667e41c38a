using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.CniAgent.Commands;

/// <summary>Runs nft and ip inside a pod's network namespace.</summary>
/// <remarks>Thread-safe; a few at a time, so that enrolling a full node does not load it with processes.</remarks>
internal sealed class NamespaceCommands(TimeProvider time) : IDisposable
{
    private const int MaxOutputCharacters = 4 * 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _slots = new(4);

    /// <exception cref="CommandException">Not started, more than 4 Mi characters of output, or still running after 10 s (it was killed).</exception>
    public async Task<CommandResult> RunAsync(
        NetworkNamespace netns, string program, string[] arguments, CancellationToken stop)
    {
        await _slots.WaitAsync(stop);
        try
        {
            using var process = await StartAsync(netns, program, arguments);
            return await FinishAsync(process, NameOf(program, arguments), stop);
        }
        finally
        {
            _slots.Release();
        }
    }

    public void Dispose() => _slots.Dispose();

    // A child is in the namespace of the thread that starts it; that thread exists for this alone.
    private static async Task<Process> StartAsync(NetworkNamespace netns, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        try
        {
            return await Task.Run(() => netns.Run(() => Process.Start(start)!));
        }
        catch (Win32Exception error)
        {
            throw new CommandException($"'{program}' cannot be started: {error.Message}. Are nftables and iproute2 installed?", error);
        }
        catch (LinuxException error)
        {
            throw new CommandException($"'{program}' cannot be started in the pod's network namespace: {error.Message}", error);
        }
    }

    private async Task<CommandResult> FinishAsync(Process process, string command, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        try
        {
            process.StandardInput.Close();
            // Disposing the process leaves streams that were handed out open until the next collection.
            using var standardOutput = process.StandardOutput;
            using var standardError = process.StandardError;
            var output = ReadAsync(standardOutput, either.Token);
            var error = ReadAsync(standardError, either.Token);
            await process.WaitForExitAsync(either.Token);
            return new CommandResult(command, process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new CommandException($"'{command}' did not end within {Limit.TotalSeconds:0} s.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    // A script is one argument of many lines: its first is enough to know it by.
    private static string NameOf(string program, string[] arguments) =>
        $"{program} {string.Join(' ', arguments.Select(argument => argument.Split('\n')[0]))}";

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken stop)
    {
        var text = new StringBuilder();
        var chunk = new char[8192];
        int read;
        while ((read = await reader.ReadAsync(chunk, stop)) > 0)
        {
            text.Append(chunk, 0, read);
            if (text.Length > MaxOutputCharacters)
                throw new CommandException($"A command printed more than {MaxOutputCharacters} characters.");
        }
        return text.ToString();
    }
}
