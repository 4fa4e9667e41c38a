namespace Ambient.Playground.Kubelet.Probes;

/// <param name="Message">What was seen; for the event if it is a failure.</param>
internal readonly record struct ProbeResult(bool Succeeded, string Message)
{
    public static ProbeResult Success { get; } = new(true, "");

    public static ProbeResult Failure(string message) => new(false, message);
}
