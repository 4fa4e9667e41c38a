using System.Threading.Channels;
using Ambient.Grpc.Calls;
using Ambient.Protos.Xds;

namespace Ambient.Xds.Client;

/// <summary>One stream: first requests, then each response is applied and acknowledged, in order.</summary>
internal sealed class DiscoveryStream(
    DuplexCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call, IReadOnlyList<HeldResources> types, Node node, Demands demands, Action opened)
{
    private readonly Channel<DeltaDiscoveryRequest> _requests =
        Channel.CreateUnbounded<DeltaDiscoveryRequest>(new() { SingleReader = true });
    private readonly HashSet<string> _resumed = []; // types that began with a token and have no response yet

    /// <summary>A response was received; until then the stream counts as not opened.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Runs until the server ends the stream (returns) or it fails (throws).</summary>
    /// <param name="apply">Returns the rejections' text for the server, or null.</param>
    /// <exception cref="Ambient.Grpc.RpcException">The stream ended with another status than OK.</exception>
    public async Task RunAsync(Func<HeldResources, DeltaDiscoveryResponse, string?> apply, CancellationToken stop)
    {
        foreach (var type in types) Begin(type, useToken: true);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var writing = WriteAsync(reading);
        try
        {
            while (await call.ReadAsync(reading.Token) is { } response)
            {
                if (!IsOpen) opened();
                IsOpen = true;
                Handle(response, apply);
            }
        }
        catch (OperationCanceledException) when (writing.IsFaulted && !stop.IsCancellationRequested)
        {
            await writing; // says why
        }
        finally
        {
            demands.Detach();
            _requests.Writer.TryComplete();
            await reading.CancelAsync();
            try { await writing; }
            catch (Exception exception) when (exception is OperationCanceledException or Grpc.RpcException) { }
        }
    }

    private async Task WriteAsync(CancellationTokenSource reading)
    {
        try
        {
            await foreach (var request in _requests.Reader.ReadAllAsync(reading.Token)) await call.WriteAsync(request, reading.Token);
        }
        catch (Grpc.RpcException failure) when (failure.Code == Grpc.StatusCode.ResourceExhausted)
        {
            await reading.CancelAsync(); // too large to send: nothing that the reader could be told
            throw;
        }
        catch (Grpc.RpcException) { } // the call has ended; reading it tells how
    }

    private void Send(DeltaDiscoveryRequest request) => _requests.Writer.TryWrite(request);

    private void Handle(DeltaDiscoveryResponse response, Func<HeldResources, DeltaDiscoveryResponse, string?> apply)
    {
        var type = types.FirstOrDefault(type => type.TypeUrl == response.TypeUrl);
        if (type is not null && _resumed.Remove(response.TypeUrl) && !IsResumed(type, response)) return;

        // A type that was not asked for is acknowledged, so that the server goes on.
        var rejections = type is null ? null : apply(type, response);
        var answer = new DeltaDiscoveryRequest { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce };
        if (rejections is not null) answer.ErrorDetail = new() { Message = rejections };
        Send(answer);
    }

    /// <summary>False: nothing of the response is to be applied, as it is not an answer to the token.</summary>
    private bool IsResumed(HeldResources type, DeltaDiscoveryResponse response)
    {
        if (StateToken.IsUnknownState(response.SystemVersionInfo))
        {
            type.Token = null;
            Begin(type, useToken: false);
            return false;
        }
        if (StateToken.IsExtended(response.SystemVersionInfo)) return true;

        type.Token = null;
        throw new StateNotResumedException();
    }

    private void Begin(HeldResources type, bool useToken)
    {
        var request = new DeltaDiscoveryRequest { TypeUrl = type.TypeUrl, Node = node };
        if (useToken && type.Token is { } token)
        {
            _resumed.Add(type.TypeUrl);
            request.Node = StateToken.Write(node, type.TypeUrl, token);
        }
        else type.WriteVersions(request);

        if (type.IsWildcard) Send(request);
        else demands.Attach(names => SendFirst(request, names), SendDemand);
    }

    private void SendFirst(DeltaDiscoveryRequest request, IEnumerable<string> names)
    {
        // Subscribing to nothing: without a name the request would mean everything.
        request.ResourceNamesSubscribe.Add("*");
        request.ResourceNamesUnsubscribe.Add("*");
        foreach (var name in names) request.InitialResourceVersions.TryAdd(name, ""); // asked for; nothing of that name is held
        Send(request);
    }

    private void SendDemand(string wanted, string? givenUp)
    {
        var request = new DeltaDiscoveryRequest { TypeUrl = ResourceTypes.Address };
        if (wanted.Length > 0) request.ResourceNamesSubscribe.Add(wanted);
        if (givenUp is not null) request.ResourceNamesUnsubscribe.Add(givenUp);
        Send(request);
    }
}

/// <summary>A server without our extension answered to a token; the next stream begins with versions.</summary>
internal sealed class StateNotResumedException() : Exception("The control plane does not continue the state held here: it is asked again, with versions.");
