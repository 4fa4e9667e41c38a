using System.Diagnostics;

/// <summary>Run by .NET before the program (DOTNET_STARTUP_HOOKS): a defect in a process of its own, which is hit by what asks the API for a lease.</summary>
internal sealed class StartupHook : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    public static void Initialize() => DiagnosticListener.AllListeners.Subscribe(new StartupHook());

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "HttpHandlerDiagnosticListener") value.Subscribe(this);
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        var request = value.Value?.GetType().GetProperty("Request")?.GetValue(value.Value) as HttpRequestMessage;
        if (request?.RequestUri?.AbsolutePath.Contains("/leases", StringComparison.Ordinal) == true) throw new InvalidOperationException("a defect");
    }

    public void OnCompleted() { }

    public void OnError(Exception error) { }
}
