using System.Runtime.InteropServices;

namespace Ambient.Hosting.Stopping;

/// <summary>The one place that says "stop": SIGTERM, SIGINT, or somebody inside the process. Thread-safe.</summary>
public sealed class StopSignal : IDisposable
{
    private readonly TaskCompletionSource<string> _requested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action _exitNow;
    private int _interrupts;

    /// <param name="exitNow">Ends the process without waiting for anything. Called on the second SIGINT: the operator has asked twice.</param>
    public StopSignal(Action exitNow) => _exitNow = exitNow;

    /// <summary>Completes with the reason, once.</summary>
    public Task<string> Requested => _requested.Task;

    /// <summary>Takes SIGTERM and SIGINT over from the runtime, which would end the process at once.</summary>
    public void ListenToSignals()
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            Request("SIGTERM");
        }));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            OnInterrupt();
        }));
    }

    /// <returns>True if this was the first request.</returns>
    public bool Request(string reason) => _requested.TrySetResult(reason);

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    internal void OnInterrupt()
    {
        if (Interlocked.Increment(ref _interrupts) > 1) _exitNow();
        Request("SIGINT");
    }
}
