using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Ambient.Playground.Demo;

/// <summary>An application that answers gRPC health checks (grpc.health.v1.Health/Check) with SERVING, and nothing else.</summary>
internal static class HealthApplication
{
    // A frame of two bytes: field 1, the enumeration's value 1.
    private static readonly byte[] Serving = [0, 0, 0, 0, 2, 0x08, 1];

    public static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.IPv6Any, port, listen => listen.Protocols = HttpProtocols.Http2));
        await using var server = builder.Build();
        server.Run(async context =>
        {
            context.Response.ContentType = "application/grpc";
            if (context.Request.Path == "/grpc.health.v1.Health/Check")
            {
                context.Response.DeclareTrailer("grpc-status");
                await context.Response.Body.WriteAsync(Serving);
                context.Response.AppendTrailer("grpc-status", "0");
            }
            else
            {
                context.Response.Headers["grpc-status"] = "12";
            }
        });
        await server.RunAsync();
    }
}
