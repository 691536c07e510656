using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;
using Skerry.Server.Management;
using Skerry.Server.Management.Api;

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
            .SelectMany(path => path.Value.EnumerateObject().Where(one => one.Name != "parameters").Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"));
        Assert.Equal(served.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_reader_of_such_documents_finds_nothing_wrong_with_it()
    {
        var read = OpenApiDocument.Parse(Encoding.UTF8.GetString(ApiDocument.Utf8.Span), "json");
        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic.SpecificationVersion);
        Assert.Empty(read.Document!.Validate(ValidationRuleSet.GetDefaultRuleSet()));
    }

    [Fact]
    public void Every_parameter_of_a_path_is_described_and_every_operation_has_a_summary_and_a_tag()
    {
        using var document = JsonDocument.Parse(ApiDocument.Utf8);
        var tags = document.RootElement.GetProperty("tags").EnumerateArray().Select(one => one.GetProperty("name").GetString()).ToHashSet();
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            var shared = Names(path.Value);
            foreach (var operation in path.Value.EnumerateObject().Where(one => one.Name != "parameters"))
            {
                var described = shared.Concat(Names(operation.Value)).Where(one => one.In == "path").Select(one => one.Name).Order(StringComparer.Ordinal);
                Assert.Equal(Regex.Matches(path.Name, "{(.*?)}").Select(one => one.Groups[1].Value).Order(StringComparer.Ordinal), described);
                Assert.NotEmpty(operation.Value.GetProperty("summary").GetString()!);
                Assert.All(operation.Value.GetProperty("tags").EnumerateArray(), tag => Assert.Contains(tag.GetString(), tags));
            }
        }

        List<(string Name, string In)> Names(JsonElement of) => of.TryGetProperty("parameters", out var all)
            ? [.. all.EnumerateArray().Select(one => document.RootElement.GetProperty("components").GetProperty("parameters").TryGetProperty(
                one.TryGetProperty("$ref", out var name) ? name.GetString()!.Split('/')[^1] : "", out var found) ? found : one)
                .Select(one => (one.GetProperty("name").GetString()!, one.GetProperty("in").GetString()!))]
            : [];
    }

    [Fact]
    public void Every_operation_under_an_account_needs_a_permission_or_is_known_to_need_none()
    {
        string[] forAll = ["account-api-tokens-verify-token", "account-permission-groups-list", "skerry-access-explain"];
        Assert.Equal(
            forAll,
            ApiDocument.Operations.Where(one => one.Path.Contains("{account_id}", StringComparison.Ordinal) && one.Needs.Count == 0)
                .Select(one => one.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_reference_in_the_document_leads_somewhere_and_operation_ids_are_unique()
    {
        using var document = JsonDocument.Parse(ApiDocument.Utf8);
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
