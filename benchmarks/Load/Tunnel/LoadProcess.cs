using System.Diagnostics;
using Ambient.Load.Generator;
using Ambient.Lab;
using Ambient.Lab.Network;

namespace Ambient.Load.Tunnel;

/// <summary>A generator, running in a pod as a process of its own.</summary>
internal sealed class LoadProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(25);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private LoadProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public static LoadProcess Start(LabPod pod, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("ip", ["netns", "exec", pod.Namespace, Environment.ProcessPath!, .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        return new(Process.Start(start) ?? throw new LabException("The load generator did not start."));
    }

    /// <summary>The next line that the generator prints.</summary>
    /// <exception cref="LabException">It ended without one, or took too long.</exception>
    public async Task<Report> ReadReportAsync(TimeSpan? patience = null)
    {
        var limit = patience ?? Limit;
        string? line;
        try
        {
            line = await _process.StandardOutput.ReadLineAsync().WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            throw new LabException($"The load generator is not done after {limit.TotalSeconds:0} s.");
        }
        return line is null ? throw new LabException($"The load failed: {FirstLine(await _errors)}") : Report.Parse(line);
    }

    /// <summary>Tells a generator that holds connections to close them, and waits for its end.</summary>
    public async Task FinishAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Limit);
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static string FirstLine(string text) => text.Split('\n')[0];
}
