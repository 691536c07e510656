using System.Text;
using System.Text.Json.Nodes;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Tests.Relay.Sessions;

public sealed class RecordJsonTests
{
    private static readonly NodeInfo Node = new(new NodeId(UInt128.MaxValue), new SessionId(7), "a \"name\" é", "zone", "[::1]:8789");
    private static readonly NodeInfo Other = new(new NodeId(2), new SessionId(8), "b", "", "host:1");

    private static readonly SessionRecord Session = new()
    {
        Node = Node,
        State = SessionState.Recovering,
        Generation = 3,
        Followers = [Node, Other],
        Recoverer = Other,
        RecoveryEpoch = 4,
        Membership = "S127.0.0.1:11111:123",
        StartedMs = 1_700_000_000_000,
    };

    [Theory]
    [InlineData(SessionState.Open)]
    [InlineData(SessionState.Recovering)]
    [InlineData(SessionState.Sealed)]
    public void A_session_reads_as_it_was_written(SessionState state)
    {
        Same(Session with { State = state });
        Same(Session with { State = state, Recoverer = null, Membership = null, Followers = [] });

        static void Same(SessionRecord written)
        {
            var read = RecordJson.ReadSession("k", RecordJson.Write(written));
            Assert.Equal(written.Followers, read.Followers);
            Assert.Equal(written, read with { Followers = written.Followers });
        }
    }

    [Fact]
    public void An_owner_reads_as_it_was_written()
    {
        var owner = new OwnerRecord(new SessionId(UInt128.MaxValue - 1), ulong.MaxValue);
        Assert.Equal(owner, RecordJson.ReadOwner("k", RecordJson.Write(owner)));
    }

    [Fact]
    public void Records_are_what_people_expect_to_read()
    {
        var json = JsonNode.Parse(RecordJson.Write(Session))!;
        Assert.Equal(1, (int)json["format"]!);
        Assert.Equal("Recovering", (string)json["state"]!);
        Assert.Equal("ffffffffffffffffffffffffffffffff", (string)json["node"]!["id"]!);
        Assert.Equal("""{"format":1,"session":"00000000000000000000000000000007","claimEpoch":9}""",
            Encoding.UTF8.GetString(RecordJson.Write(new OwnerRecord(new SessionId(7), 9))));
    }

    [Fact]
    public void What_is_not_known_is_left_out_and_a_newer_format_is_refused()
    {
        var json = JsonNode.Parse(RecordJson.Write(Session))!;
        json["colour"] = "green";
        json["node"]!["moods"] = new JsonArray(1, 2);
        Assert.Equal(Node, RecordJson.ReadSession("k", Bytes(json)).Node);

        json["format"] = 2;
        var error = Assert.Throws<StorageException>(() => RecordJson.ReadSession("sessions/7", Bytes(json)));
        Assert.Contains("sessions/7", error.Message);
        Assert.Contains("Update this node", error.Message);
    }

    [Fact]
    public void Whatever_is_missing_or_of_the_wrong_kind_makes_a_session_illegible_by_name()
    {
        string[] required = ["format", "node", "state", "generation", "followers", "recoveryEpoch", "startedMs"];
        foreach (var name in required)
        {
            Illegible(json => json.Remove(name));
            Illegible(json => json[name] = "!");
            Illegible(json => json[name] = null);
        }

        foreach (var name in new[] { "id", "session", "name", "zone", "address" })
        {
            Illegible(json => json["node"]!.AsObject().Remove(name));
            Illegible(json => json["followers"]![1]!.AsObject().Remove(name));
            Illegible(json => json["recoverer"]![name] = 5);
        }

        Illegible(json => json["node"]!["id"] = "7");
        Illegible(json => json["node"]!["session"] = new string('g', 32));
        Illegible(json => json["state"] = "Asleep");

        static void Illegible(Action<JsonObject> change)
        {
            var json = JsonNode.Parse(RecordJson.Write(Session))!.AsObject();
            change(json);
            var error = Assert.Throws<StorageException>(() => RecordJson.ReadSession("sessions/7", Bytes(json)));
            Assert.StartsWith("sessions/7 in the bucket is illegible", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"format":1,"session":"00000000000000000000000000000007"}""")]
    [InlineData("""{"format":1,"session":"7","claimEpoch":1}""")]
    [InlineData("""{"format":1,"session":"00000000000000000000000000000007","claimEpoch":0}""")]
    [InlineData("""{"format":1,"session":"00000000000000000000000000000007","claimEpoch":-1}""")]
    [InlineData("""{"format":1,"session":"00000000000000000000000000000007","claimEpoch":1""")]
    public void An_owner_that_is_none_is_illegible(string text)
    {
        var error = Assert.Throws<StorageException>(() => RecordJson.ReadOwner("o", Encoding.UTF8.GetBytes(text)));
        Assert.StartsWith("o in the bucket is illegible", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_is_cut_short_is_illegible()
    {
        var whole = RecordJson.Write(Session);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Throws<StorageException>(() => RecordJson.ReadSession("k", whole[..length]));
        }
    }

    private static byte[] Bytes(JsonNode json) => Encoding.UTF8.GetBytes(json.ToJsonString());
}
