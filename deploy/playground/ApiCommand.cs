using System.Globalization;
using System.Runtime.InteropServices;
using Ambient.Playground.Api;

namespace Ambient.Playground;

/// <summary>Serves a cluster's API until Ctrl-C or SIGTERM, and says how kubectl finds it.</summary>
internal static class ApiCommand
{
    public const string Usage = "api [--port N] [--kubeconfig FILE] [--nodes N]";

    public static async Task<int> RunAsync(string[] arguments)
    {
        var (options, file, problem) = Read(arguments);
        if (problem is not null)
        {
            await Console.Error.WriteLineAsync($"{problem}\nusage: Ambient.Playground {Usage}");
            return 2;
        }
        PlaygroundApi api;
        try
        {
            api = await PlaygroundApi.StartAsync(options);
        }
        catch (IOException error)
        {
            await Console.Error.WriteLineAsync($"The API cannot listen on port {options.Port}: {error.Message} Choose another with --port, or 0 for any.");
            return 1;
        }
        await using (api)
        {
            await api.WriteKubeconfigAsync(file);
            Console.WriteLine($"Kubernetes API (in memory) on {api.Url}, with TLS and tokens on {api.TlsUrl}");
            Console.WriteLine($"  kubectl --kubeconfig {Path.GetFullPath(file)} get nodes,pods,services -A");
            await StopAsync();
        }
        return 0;
    }

    private static (PlaygroundApiOptions Options, string File, string? Problem) Read(string[] arguments)
    {
        var (options, file) = (new PlaygroundApiOptions { SimulatedNodes = 2 }, Path.Combine(Path.GetTempPath(), "ambient-playground.kubeconfig"));
        for (var i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length) return (options, file, $"{arguments[i]} needs a value");
            var value = arguments[i + 1];
            switch (arguments[i])
            {
                case "--port" when Number(value, ushort.MaxValue) is { } port:
                    options = options with { Port = port };
                    break;
                case "--nodes" when Number(value, 1000) is { } nodes:
                    options = options with { SimulatedNodes = nodes };
                    break;
                case "--kubeconfig":
                    file = value;
                    break;
                default:
                    return (options, file, $"{arguments[i]} {value} is not understood");
            }
        }
        return (options, file, null);
    }

    private static int? Number(string text, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most ? number : null;

    private static async Task StopAsync()
    {
        var stop = new TaskCompletionSource();
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        await stop.Task;
    }
}
