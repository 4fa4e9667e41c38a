using System.Text;
using Ambient.Playground.Api.Access;
using Ambient.Playground.Api.Discovery;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Api.Tables;
using Microsoft.AspNetCore.Http;

namespace Ambient.Playground.Api.Serving;

/// <summary>One request from its start to its answer: who asks, for what, may they, do it.</summary>
internal sealed class ApiHandler(
    ObjectStore store, Authenticator authenticator, Authorizer authorizer, TokenIssuer tokens, PlaygroundApiOptions options, CancellationToken closing)
{
    private readonly TableColumns _tables = new(options.Time);
    private readonly DiscoveryPages _discovery = new(store.Kinds);
    private readonly ListEndpoint _lists = new(store, new(options.Time));
    private readonly WatchEndpoint _watches = new(store, new(options.Time), options);
    private readonly WriteEndpoint _writes = new(store, new(options.Time));
    private readonly ScaleEndpoint _scales = new(store);
    private readonly Questions _questions = new(tokens, authorizer);

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await ServeAsync(context);
        }
        catch (StatusException error) when (!context.Response.HasStarted)
        {
            await Responses.WriteErrorAsync(context, error);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has left.
        }
        catch (BadHttpRequestException error) when (!context.Response.HasStarted)
        {
            await Responses.WriteErrorAsync(context, StatusException.BadRequest(error.Message));
        }
        catch (Exception error) when (!context.Response.HasStarted && error is not IOException)
        {
            await Responses.WriteErrorAsync(context, new(500, "InternalError", $"Internal error occurred: {error.GetType().Name}: {error.Message}"));
        }
    }

    private async Task ServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        if (path is "/healthz" or "/livez" or "/readyz" || path.StartsWith("/livez/", StringComparison.Ordinal) || path.StartsWith("/readyz/", StringComparison.Ordinal))
        {
            await Responses.WriteAsync(context, Encoding.ASCII.GetBytes("ok"), type: "text/plain; charset=utf-8");
            return;
        }
        var caller = authenticator.Authenticate(context);
        if (RequestTarget.Parse(path, store.Kinds) is { } target)
        {
            await ServeObjectsAsync(new(context, target, caller));
            return;
        }
        authorizer.Require(caller, new(context.Request.Method.ToLowerInvariant(), "", "", "", "", "", path));
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method)) throw StatusException.NoSuchPath();
        await _discovery.ServeAsync(context, path);
    }

    private Task ServeObjectsAsync(ApiRequest request)
    {
        var target = request.Target;
        var verb = request.Verb;
        authorizer.Require(request.Caller, request.PermissionTo(verb));
        if (request.CreatesByApplying(store)) authorizer.Require(request.Caller, request.PermissionTo("create"));
        if (target.Kind.IsQuestion) return verb == "create" ? _questions.AnswerAsync(request) : throw StatusException.MethodNotAllowed(request.Context.Request.Method);
        return target.Subresource switch
        {
            "" => ServeObjectAsync(request, verb),
            "status" when target.Kind.HasStatus => ServeStatusAsync(request, verb),
            "scale" when target.Kind.Scale is not null => _scales.ServeAsync(request),
            "token" when target.Kind is { Group: "", Kind: "ServiceAccount" } && verb == "create" => _questions.IssueAsync(request, store),
            "log" when target.Kind is { Group: "", Kind: "Pod" } && verb == "get" => new LogEndpoint(store, options.Logs).ServeAsync(request),
            "binding" when target.Kind is { Group: "", Kind: "Pod" } && verb == "create" => BindAsync(request),
            "eviction" when target.Kind is { Group: "", Kind: "Pod" } && verb == "create" => EvictAsync(request),
            _ => throw StatusException.NoSuchPath(),
        };
    }

    private Task ServeObjectAsync(ApiRequest request, string verb) => verb switch
    {
        "get" => GetAsync(request),
        "list" => _lists.ListAsync(request),
        "watch" => _watches.WatchAsync(request, closing),
        "create" when request.Target.Name.Length == 0 => _writes.CreateAsync(request),
        "update" when request.Target.Name.Length > 0 => _writes.ReplaceAsync(request),
        "patch" when request.Target.Name.Length > 0 => _writes.PatchAsync(request),
        "delete" => _writes.DeleteAsync(request),
        "deletecollection" => _writes.DeleteAllAsync(request),
        _ => throw StatusException.MethodNotAllowed(request.Context.Request.Method),
    };

    private Task ServeStatusAsync(ApiRequest request, string verb) => verb switch
    {
        "get" => GetAsync(request),
        "update" => _writes.ReplaceAsync(request),
        "patch" => _writes.PatchAsync(request),
        _ => throw StatusException.MethodNotAllowed(request.Context.Request.Method),
    };

    private Task GetAsync(ApiRequest request)
    {
        var target = request.Target;
        var found = store.Get(target.Kind, target.Namespace, target.Name);
        return Responses.WriteAsync(request.Context, new ObjectView(request, _tables).One(found));
    }

    private async Task BindAsync(ApiRequest request)
    {
        var (target, body) = (request.Target, await RequestBody.ReadObjectAsync(request.Context.Request, request.Stop));
        PodActions.Bind(store, target.Namespace, target.Name, body);
        await Responses.WriteAsync(request.Context, PodActions.Success(), 201);
    }

    private async Task EvictAsync(ApiRequest request)
    {
        await RequestBody.ReadAsync(request.Context.Request, request.Stop);
        store.Delete(request.Target.Kind, request.Target.Namespace, request.Target.Name);
        await Responses.WriteAsync(request.Context, PodActions.Success(), 201);
    }
}
