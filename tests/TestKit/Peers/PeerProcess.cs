using System.Diagnostics;
using System.Text;

namespace Ambient.TestKit.Peers;

/// <summary>Somebody else's program that a test speaks to: openssl, nghttp, curl, nft.</summary>
/// <remarks>Every wait has a limit and says at its end what the program had printed. Disposing kills it (and its children) by its own id.</remarks>
public sealed class PeerProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly List<(string Text, TaskCompletionSource Seen)> _awaited = [];

    private PeerProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    /// <summary>Standard input; closing it is how many programs are told to finish.</summary>
    public StreamWriter Input => _process.StandardInput;

    /// <summary>Standard output and error so far, in the order of arrival.</summary>
    public string Output { get { lock (_output) return _output.ToString(); } }

    public static PeerProcess Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        return new(Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start."));
    }

    /// <summary>Runs a program to its end and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It ended with another code than 0.</exception>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        process.Input.Close();
        var code = await process.WaitForExitAsync();
        return code == 0
            ? process.Output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {code}:\n{process.Output}");
    }

    /// <summary>Completes once <paramref name="text"/> has been printed, in one line, at any time so far.</summary>
    public async Task WaitForOutputAsync(string text)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_output)
        {
            if (_output.ToString().Contains(text, StringComparison.Ordinal)) return;
            _awaited.Add((text, seen));
        }
        await WithLimit(Task.WhenAny(seen.Task, _process.WaitForExitAsync()), $"printing \"{text}\"");
        if (!seen.Task.IsCompleted && !Output.Contains(text, StringComparison.Ordinal))
            throw new InvalidOperationException($"{_process.StartInfo.FileName} ended without printing \"{text}\":\n{Output}");
    }

    /// <returns>The exit code, after all output has been read.</returns>
    public async Task<int> WaitForExitAsync()
    {
        await WithLimit(_process.WaitForExitAsync(), "ending");
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Append(string? line)
    {
        if (line is null) return;
        lock (_output)
        {
            _output.Append(line).Append('\n');
            foreach (var (_, seen) in _awaited.Where(wait => line.Contains(wait.Text, StringComparison.Ordinal)))
                seen.TrySetResult();
        }
    }

    private async Task WithLimit(Task work, string what)
    {
        try { await work.WaitAsync(Limit); }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{_process.StartInfo.FileName}: {what} took longer than {Limit.TotalSeconds:0} s. Its output:\n{Output}");
        }
    }
}
