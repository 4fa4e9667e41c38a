using Ambient.EndToEnd.Tests.Runtime.Cri;
using Ambient.Grpc;
using Ambient.Grpc.Channel;
using Google.Protobuf;

namespace Ambient.EndToEnd.Tests.Runtime;

/// <summary>A container runtime, spoken to as a kubelet does.</summary>
internal sealed class ContainerRuntime(string socket) : IDisposable
{
    private const string Service = "runtime.v1.RuntimeService";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly GrpcChannel _channel = new(new() { Address = new("http://localhost"), UnixSocket = socket });

    /// <summary>Makes the pod's namespaces and network; returns the sandbox's id.</summary>
    /// <exception cref="RpcException">The runtime or a CNI plugin refused.</exception>
    public async Task<string> RunSandboxAsync(PodSandboxConfig config) =>
        (await CallAsync("RunPodSandbox", new RunPodSandboxRequest { Config = config }, RunPodSandboxResponse.Parser)).PodSandboxId;

    public Task<PodSandboxStatusResponse> StatusAsync(string sandbox) =>
        CallAsync("PodSandboxStatus", new PodSandboxRequest { PodSandboxId = sandbox, Verbose = true }, PodSandboxStatusResponse.Parser);

    /// <summary>Makes and starts a container; returns its id.</summary>
    public async Task<string> StartContainerAsync(string sandbox, PodSandboxConfig config, string image, params string[] command)
    {
        var container = new ContainerConfig { Metadata = new() { Name = "application" }, Image = new() { Image = image }, Command = { command }, LogPath = "application.log" };
        var request = new CreateContainerRequest { PodSandboxId = sandbox, Config = container, SandboxConfig = config };
        var id = (await CallAsync("CreateContainer", request, CreateContainerResponse.Parser)).ContainerId;
        await CallAsync("StartContainer", new ContainerRequest { ContainerId = id }, EmptyResponse.Parser);
        return id;
    }

    public async Task<bool> IsRunningAsync(string container) =>
        (await CallAsync("ContainerStatus", new ContainerRequest { ContainerId = container }, ContainerStatusResponse.Parser)).Status.State == 1;

    public Task<ExecSyncResponse> ExecAsync(string container, params string[] command) =>
        CallAsync("ExecSync", new ExecSyncRequest { ContainerId = container, Cmd = { command }, Timeout = 20 }, ExecSyncResponse.Parser);

    public Task StopSandboxAsync(string sandbox) => CallAsync("StopPodSandbox", new PodSandboxRequest { PodSandboxId = sandbox }, EmptyResponse.Parser);

    public Task RemoveSandboxAsync(string sandbox) => CallAsync("RemovePodSandbox", new PodSandboxRequest { PodSandboxId = sandbox }, EmptyResponse.Parser);

    public async Task<IReadOnlyList<string>> SandboxesAsync() =>
        [.. (await CallAsync("ListPodSandbox", new ListPodSandboxRequest(), ListPodSandboxResponse.Parser)).Items.Select(item => item.Id)];

    /// <summary>Whether it answers and has its network configured.</summary>
    public async Task<bool> AnswersAsync()
    {
        try
        {
            await SandboxesAsync();
            return true;
        }
        catch (RpcException)
        {
            return false;
        }
    }

    public void Dispose() => _channel.Dispose();

    private Task<TResponse> CallAsync<TRequest, TResponse>(string method, TRequest request, MessageParser<TResponse> response)
        where TRequest : class, IMessage<TRequest>, new() where TResponse : class, IMessage<TResponse> =>
        _channel.UnaryAsync(GrpcMethod.Of(Service, method, new MessageParser<TRequest>(static () => new TRequest()), response), request, null, Limit, CancellationToken.None);
}
