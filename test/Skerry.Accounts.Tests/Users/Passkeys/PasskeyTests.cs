using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Users;
using Skerry.Accounts.Users.Passkeys;

namespace Skerry.Accounts.Tests.Users.Passkeys;

public sealed class PasskeyTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task A_passkey_lets_its_user_in_without_a_password_or_code()
    {
        var (info, user) = await node.NewUserAsync();
        using var key = new SoftAuthenticator();
        var added = await AddAsync(user, key, "laptop");
        Assert.Equal(added, Assert.Single(await user.ListPasskeys()));
        var session = (await node.Registry.SignInByPasskeyAsync(info.Email, key.Get((await node.Registry.BeginPasskeySignInAsync(info.Email)).Options), People.Admin)).Value!;
        Assert.Equal(info.Id, session.UserId);
        Assert.True((await node.Authority(_clock).FindAsync(session.Value))!.Record.IsSession);
        Assert.NotNull(Assert.Single(await user.ListPasskeys()).LastUsedOn);
        var log = (await user.ReadAudit(new(Ascending: true))).Entries;
        Assert.Equal(["create", "add", "sign_in_by_passkey"], log.Select(static entry => entry.Action));
    }

    [Fact]
    public async Task An_answer_is_good_once()
    {
        var (_, user) = await node.NewUserAsync();
        using var key = new SoftAuthenticator();
        var made = key.Create((await user.BeginPasskey()).Value!.Options);
        Assert.NotNull((await user.AddPasskey("one", made, People.Admin)).Value);
        Assert.Equal(AccountsFault.NotProved, (await user.AddPasskey("two", made, People.Admin)).Fault);

        // The authenticator does not count, so nothing but the challenge can tell.
        var signed = key.Get((await user.BeginPasskeySignIn()).Options);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => user.SignInByPasskey(signed, People.Admin)));
        Assert.Single(answers, static one => one.Value is not null);
        await node.RestartAsync();
        user = node.Users.GetByName(answers.First(static one => one.Value is not null).Value!.UserId);
        Assert.Equal(AccountsFault.NotProved, (await user.SignInByPasskey(signed, People.Admin)).Fault);
        Assert.NotNull((await user.SignInByPasskey(key.Get((await user.BeginPasskeySignIn()).Options), People.Admin)).Value);
    }

    [Fact]
    public async Task A_passkey_is_added_once_by_however_many_questions()
    {
        var (_, user) = await node.NewUserAsync();
        using var key = new SoftAuthenticator();
        List<string> made = [];
        for (var i = 0; i < 4; i++)
        {
            made.Add(key.Create((await user.BeginPasskey()).Value!.Options));
        }

        var answers = await Task.WhenAll(made.Select(one => user.AddPasskey("laptop", one, People.Admin)));
        Assert.Single(answers, static one => one.Fault == AccountsFault.None);
        Assert.Equal(3, answers.Count(static one => one.Fault == AccountsFault.NotProved));
        Assert.Single(await user.ListPasskeys());
    }

    [Fact]
    public async Task An_answer_that_comes_late_or_to_another_question_is_refused()
    {
        var (_, user) = await node.NewUserAsync();
        var (_, other) = await node.NewUserAsync();
        using var key = new SoftAuthenticator();
        var toAdd = (await user.BeginPasskey()).Value!.Options;
        Assert.NotNull((await user.AddPasskey("laptop", key.Create(toAdd), People.Admin)).Value);
        string[] wrong =
        [
            key.Get((await other.BeginPasskeySignIn()).Options),
            key.Get((await user.BeginPasskey()).Value!.Options),
            key.Get("""{"challenge":"AAAA"}"""),
            key.Get($$"""{"challenge":"{{new string('A', 86)}}"}"""),
        ];
        foreach (var response in wrong)
        {
            Assert.Equal(AccountsFault.NotProved, (await user.SignInByPasskey(response, People.Admin)).Fault);
        }

        var late = key.Get((await user.BeginPasskeySignIn()).Options);
        node.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(AccountsFault.NotProved, (await user.SignInByPasskey(late, People.Admin)).Fault);
    }

    [Fact]
    public async Task A_page_of_another_place_an_unverified_user_and_another_key_are_refused()
    {
        var (_, user) = await node.NewUserAsync();
        using var key = new SoftAuthenticator();
        await AddAsync(user, key, "laptop");
        var options = (await user.BeginPasskeySignIn()).Options;
        foreach (var bad in new SoftAuthenticator[] { new() { Origin = "https://evil.example" }, new() { Domain = "evil.example" }, new() { VerifiesUser = false }, new() })
        {
            using (bad)
            {
                if (bad is not { Origin: "http://localhost:8788", Domain: "localhost", VerifiesUser: true })
                {
                    Assert.Equal(AccountsFault.NotProved, (await user.AddPasskey("bad", bad.Create((await user.BeginPasskey()).Value!.Options), People.Admin)).Fault);
                }

                Assert.Equal(AccountsFault.NotProved, (await user.SignInByPasskey(bad.Get(options), People.Admin)).Fault);
            }
        }

        // The right key, for somebody else.
        var handle = key.UserHandle;
        key.UserHandle = new byte[16];
        Assert.Equal(AccountsFault.NotProved, (await user.SignInByPasskey(key.Get(options), People.Admin)).Fault);
        key.UserHandle = handle;
        Assert.NotNull((await user.SignInByPasskey(key.Get(options), People.Admin)).Value);
        Assert.Single(await user.ListPasskeys());
    }

    [Fact]
    public async Task A_copy_of_a_key_that_counts_is_found_out()
    {
        var (_, user) = await node.NewUserAsync();
        using var key = new SoftAuthenticator { Count = 1 };
        var added = await AddAsync(user, key, "laptop");
        key.Count = 7;
        Assert.NotNull((await user.SignInByPasskey(key.Get((await user.BeginPasskeySignIn()).Options), People.Admin)).Value);
        Assert.Equal(AccountsFault.NotProved, (await user.SignInByPasskey(key.Get((await user.BeginPasskeySignIn()).Options), People.Admin)).Fault);
        var entry = (await user.ReadAudit(new())).Entries[0];
        Assert.Equal(("refuse_copy", added.Id), (entry.Action, entry.ResourceId));
        key.Count = 8;
        Assert.NotNull((await user.SignInByPasskey(key.Get((await user.BeginPasskeySignIn()).Options), People.Admin)).Value);
    }

    [Fact]
    public async Task Nothing_tells_a_user_with_passkeys_from_one_without_or_from_nobody()
    {
        var (info, user) = await node.NewUserAsync();
        using var key = new SoftAuthenticator();
        await AddAsync(user, key, "laptop");
        List<string> shapes = [];
        foreach (var email in new[] { info.Email, (await node.NewUserAsync()).Info.Email, People.NewEmail() })
        {
            var options = (await node.Registry.BeginPasskeySignInAsync(email)).Options;
            var challenge = JsonElement.Parse(options).GetProperty("challenge").GetString()!;
            Assert.Equal(86, challenge.Length);
            shapes.Add(options.Replace(challenge, "", StringComparison.Ordinal));
            var answer = await node.Registry.SignInByPasskeyAsync(email, new string('x', 10), People.Admin);
            shapes.Add($"{answer.Fault} {answer.Message}");
        }

        Assert.Equal(2, shapes.Distinct().Count());
    }

    [Fact]
    public async Task Passkeys_are_named_renamed_and_removed_but_for_the_last_way_in()
    {
        var link = new UserLink("https://id.example.com", Guid.NewGuid().ToString());
        var info = (await node.Registry.RegisterAsync(new(People.NewEmail(), null, Link: link), People.Admin)).Value!;
        var user = node.Users.GetByName(info.Id);
        using var first = new SoftAuthenticator();
        using var second = new SoftAuthenticator();
        var laptop = await AddAsync(user, first, "laptop");
        var phone = await AddAsync(user, second, "phone");
        Assert.Equal(AccountsFault.NotProved, (await user.AddPasskey("again", first.Create((await user.BeginPasskey()).Value!.Options), People.Admin)).Fault);
        Assert.Equal("old laptop", (await user.RenamePasskey(laptop.Id, "old laptop", People.Admin)).Value!.Name);
        Assert.Equal(AccountsFault.Invalid, (await user.RenamePasskey(laptop.Id, "", People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.RenamePasskey("none", "name", People.Admin)).Fault);
        Assert.Equal(["old laptop", "phone"], (await user.ListPasskeys()).Select(static one => one.Name));
        Assert.Equal(AccountsFault.None, (await user.RemovePasskey(laptop.Id, People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await user.RemovePasskey(laptop.Id, People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotProved, (await user.SignInByPasskey(first.Get((await user.BeginPasskeySignIn()).Options), People.Admin)).Fault);
        Assert.Equal(AccountsFault.None, (await user.Unlink(link, People.Admin)).Fault);
        Assert.Equal(AccountsFault.Invalid, (await user.RemovePasskey(phone.Id, People.Admin)).Fault);
        Assert.NotNull((await user.SignInByPasskey(second.Get((await user.BeginPasskeySignIn()).Options), People.Admin)).Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1,2")]
    [InlineData("""{"id":"AA","rawId":"AA","type":"public-key","response":null}""")]
    [InlineData("""{"id":"AA","rawId":"AA","type":"public-key","response":{"attestationObject":"AA","clientDataJSON":"AA","authenticatorData":"AA","signature":"AA"}}""")]
    [InlineData("""{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}""")]
    public async Task Whatever_is_sent_instead_of_an_answer_is_refused(string response)
    {
        var (_, user) = await node.NewUserAsync();
        using var key = new SoftAuthenticator();
        await AddAsync(user, key, "laptop");
        Assert.Equal(AccountsFault.NotProved, (await user.AddPasskey("name", response, People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotProved, (await user.SignInByPasskey(response, People.Admin)).Fault);
        Assert.Equal(AccountsFault.NotProved, (await user.SignInByPasskey(new string('x', 100_000), People.Admin)).Fault);
    }

    [Fact]
    public async Task Answers_that_were_changed_anywhere_are_refused()
    {
        var (_, user) = await node.NewUserAsync();
        using var key = new SoftAuthenticator();
        await AddAsync(user, key, "laptop");
        var signed = key.Get((await user.BeginPasskeySignIn()).Options);
        var random = new Random(7);
        foreach (var field in new[] { "rawId", "authenticatorData", "clientDataJSON", "signature" })
        {
            for (var i = 0; i < 40; i++)
            {
                var changed = JsonNode.Parse(signed)!;
                var holder = field == "rawId" ? changed : changed["response"]!;
                var bytes = Base64Url.DecodeFromChars((string)holder[field]!);

                // Of a signature one of its numbers: how numbers are framed is read leniently, and nothing hangs on that.
                var at = field == "signature" ? random.Next(8, 32) : random.Next(bytes.Length);
                bytes[at] ^= (byte)(1 << random.Next(8));
                holder[field] = Base64Url.EncodeToString(bytes);
                Assert.Equal((field, AccountsFault.NotProved), (field, (await user.SignInByPasskey(changed.ToJsonString(), People.Admin)).Fault));
            }
        }

        Assert.NotNull((await user.SignInByPasskey(signed, People.Admin)).Value);
    }

    private static async Task<PasskeyRecord> AddAsync(IUser user, SoftAuthenticator key, string name) =>
        (await user.AddPasskey(name, key.Create((await user.BeginPasskey()).Value!.Options), People.Admin)).Value!;
}
