using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Skerry.Storage.Buckets;
using Skerry.Storage.Relay.Security;

namespace Skerry.Storage.Tests.Buckets;

public sealed class ClusterRecordTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-cluster-").FullName;
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly ClusterKey _key;
    private readonly FileBucket _bucket;

    public ClusterRecordTests()
    {
        _key = ClusterKey.Create(_random);
        _bucket = FileBucket.Open(_folder);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _bucket.Dispose();
        _random.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_first_node_writes_it_and_all_others_read_the_same()
    {
        var opened = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Open(_key))));
        Assert.Single(opened.Distinct());
        Assert.Equal(ClusterRecord.CurrentFormat, opened[0].Format);
        Assert.Equal(32, opened[0].ClusterId.Length);
        Assert.Equal(opened[0], await Open(_key));
        Assert.DoesNotContain(_key.Reveal(), await File.ReadAllTextAsync(Path.Combine(_folder, "cluster"), Cancel));
    }

    [Fact]
    public async Task Another_clusters_key_is_refused()
    {
        var made = await Open(_key);
        var error = await Assert.ThrowsAsync<StorageException>(() => Open(ClusterKey.Create(_random)));
        Assert.Contains("belongs to another cluster", error.Message);
        Assert.Contains(made.ClusterId, error.Message);
        Assert.Contains(_folder, error.Message);
    }

    [Theory]
    [InlineData("clusterId", "\"00000000000000000000000000000000\"")]
    [InlineData("createdMs", "1")]
    public async Task A_changed_record_is_refused(string member, string value)
    {
        await Open(_key);
        await Change(member, value);
        Assert.Contains("another cluster", (await Assert.ThrowsAsync<StorageException>(() => Open(_key))).Message);
    }

    [Fact]
    public async Task A_newer_format_is_refused_whatever_else_it_says()
    {
        await _bucket.PutAsync("cluster", Encoding.UTF8.GetBytes("""{"format":2,"clusterId":{"is":"an object now"}}"""), PutCondition.None, Cancel);
        var error = await Assert.ThrowsAsync<StorageException>(() => Open(_key));
        Assert.Contains("format 2, of a newer version", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"format":1}""")]
    [InlineData("""{"format":0,"clusterId":"","createdMs":0,"proof":""}""")]
    public async Task A_damaged_record_is_named_and_not_replaced(string content)
    {
        await _bucket.PutAsync("cluster", Encoding.UTF8.GetBytes(content), PutCondition.None, Cancel);
        Assert.Contains("cluster is damaged", (await Assert.ThrowsAsync<StorageDamagedException>(() => Open(_key))).Message);
        Assert.Equal(content, await File.ReadAllTextAsync(Path.Combine(_folder, "cluster"), Cancel));
    }

    private Task<ClusterRecord> Open(ClusterKey key) => ClusterRecord.OpenAsync(_bucket, key.Prove("bucket"), TimeProvider.System, _random, Cancel);

    private async Task Change(string member, string value)
    {
        var content = (await _bucket.GetAsync("cluster", Cancel))!.Value.Content;
        var members = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(content.Span)!;
        members[member] = JsonSerializer.Deserialize<JsonElement>(value);
        await _bucket.PutAsync("cluster", JsonSerializer.SerializeToUtf8Bytes(members), PutCondition.None, Cancel);
    }
}
