using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Skerry.Server.Management;

namespace Skerry.Server.Tests.Management;

public sealed class OpenApiDocumentTests(RunningHost host) : IClassFixture<RunningHost>
{
    [Fact]
    public async Task The_document_and_the_routes_agree()
    {
        var routes = new Routes(host.Host.Services);
        ManagementPipeline.Map(routes, host.Host.Services);
        var served = routes.DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/client/v4", StringComparison.Ordinal))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods
                .Select(method => $"{method} {endpoint.RoutePattern.RawText}"));

        var document = await JsonAnswer.Of(host.Anonymous.GetAsync("/openapi.json"));
        var described = document.Body.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"));
        Assert.Equal(served.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_reference_in_the_document_leads_somewhere_and_operation_ids_are_unique()
    {
        using var document = JsonDocument.Parse(OpenApiDocument.Utf8);
        var operations = new List<string>();
        Visit(document.RootElement);
        Assert.Equal(operations.Distinct(), operations);

        void Visit(JsonElement element)
        {
            if (element.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in element.EnumerateArray())
                {
                    Visit(item);
                }
            }
            else if (element.ValueKind == JsonValueKind.Object)
            {
                foreach (var property in element.EnumerateObject())
                {
                    if (property.NameEquals("$ref"))
                    {
                        var target = document.RootElement;
                        foreach (var part in property.Value.GetString()!.TrimStart('#', '/').Split('/'))
                        {
                            Assert.True(target.TryGetProperty(part, out target), $"{property.Value} leads nowhere");
                        }
                    }
                    else if (property.NameEquals("operationId"))
                    {
                        operations.Add(property.Value.GetString()!);
                    }

                    Visit(property.Value);
                }
            }
        }
    }

    private sealed class Routes(IServiceProvider services) : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider { get; } = services;

        public ICollection<EndpointDataSource> DataSources { get; } = [];

        public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(ServiceProvider);
    }
}
