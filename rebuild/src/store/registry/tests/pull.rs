use super::*;
use crate::image::manifest::MANIFEST_LIMIT;

#[test]
fn a_manifest_by_tag_and_by_digest() {
    let registry = Registry::start(Access::Open);
    let digest: Digest = registry.put_manifest("app", "1", OCI, MANIFEST).parse().unwrap();
    let open = source(&registry, "app:1", &options());
    assert_eq!(open.manifest(None).unwrap(), (OCI.to_owned(), MANIFEST.to_vec()));
    assert_eq!(open.manifest(Some(&digest)).unwrap().1, MANIFEST);
    let pinned = source(&registry, &format!("app:gone@{digest}"), &options());
    assert_eq!(pinned.manifest(None).unwrap().1, MANIFEST);
    assert_eq!(open.repository(), Some((registry.host(), "app".into())));
    assert_eq!(open.name(), format!("docker://{}/app:1", registry.host()));
}

#[test]
fn what_is_not_there_is_said_with_the_registrys_words() {
    let registry = Registry::start(Access::Open);
    let open = source(&registry, "app:nope", &options());
    let error = open.manifest(None).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }));
    let text = error.to_string();
    assert!(text.contains("/app:nope: manifest of tag \"nope\"") && text.contains("MANIFEST_UNKNOWN"), "{text}");
    let error = read(&open, &blob_of(b"x")).unwrap_err();
    assert!(error.to_string().contains("BLOB_UNKNOWN"), "{error}");
    assert_eq!(registry.requests().len(), 2, "404 is not tried again");
}

#[test]
fn manifests_that_are_not_what_was_asked_for() {
    let registry = Registry::start(Access::Open);
    let digest: Digest = registry.put_manifest("app", "1", OCI, MANIFEST).parse().unwrap();
    let open = source(&registry, "app:1", &options());
    registry.fault("GET", "manifests/1", Fault::Lie, 1);
    assert!(matches!(open.manifest(None), Err(StoreError::Corrupt { .. })));
    registry.fault("GET", "manifests/sha256", Fault::Body(b"{\"layers\":[]}".to_vec()), 1);
    assert!(matches!(open.manifest(Some(&digest)), Err(StoreError::Corrupt { .. })));
    registry.fault("GET", "manifests/1", Fault::Body(vec![b' '; usize::try_from(MANIFEST_LIMIT).unwrap() + 1]), 1);
    let error = open.manifest(None).unwrap_err();
    assert!(matches!(&error, StoreError::NotAnImage { reason, .. } if reason.contains("larger")), "{error}");
    // A broken connection is only that.
    registry.fault("GET", "manifests/1", Fault::Cut(10), 1);
    assert_eq!(open.manifest(None).unwrap().1, MANIFEST);
}

#[test]
fn tokens_are_fetched_once_and_kept() {
    let registry = Registry::start(TOKEN);
    registry.put_manifest("team/app", "1", OCI, MANIFEST);
    let blob = blob_of(b"layer");
    registry.put_blob("team/app", b"layer");
    let open = source(&registry, "team/app:1", &options());
    open.manifest(None).unwrap();
    read(&open, &blob).unwrap();
    assert_eq!(
        registry.requests(),
        [
            "GET /v2/team/app/manifests/1",
            "GET /token?service=test%20registry&scope=repository%3Ateam%2Fapp%3Apull",
            "GET /v2/team/app/manifests/1",
            &format!("GET /v2/team/app/blobs/{}", blob.digest),
        ]
    );
    // Worn out before its time: one more token, and the request again.
    registry.fault("GET", "manifests/1", Fault::Expire, 1);
    open.manifest(None).unwrap();
    assert_eq!(registry.requests().len(), 7);
}

#[test]
fn an_identity_token_is_exchanged() {
    let registry = Registry::start(TOKEN);
    registry.put_manifest("app", "1", OCI, MANIFEST);
    let identity = |text: &str| {
        let credentials = CredentialSource::anonymous().with(&registry.host(), Credential::Identity(text.into()));
        RegistryOptions { credentials, ..options() }
    };
    source(&registry, "app:1", &identity("hunter2")).manifest(None).unwrap();
    assert!(registry.requests().contains(&"POST /token".into()));
    let error = source(&registry, "app:1", &identity("old-hunter2")).manifest(None).unwrap_err();
    assert!(error.to_string().contains("the identity token from the caller"), "{error}");
    assert_clean(&error);
}

#[test]
fn refusals_say_what_was_tried_and_what_to_do() {
    let basic = Registry::start(Access::Basic("bob", "hunter2"));
    basic.put_manifest("app", "1", OCI, MANIFEST);
    source(&basic, "app:1", &as_bob(&basic)).manifest(None).unwrap();
    let login = format!("docker login {}", basic.host());
    let error = source(&basic, "app:1", &options()).manifest(None).unwrap_err();
    assert!(matches!(error, StoreError::Denied { .. }));
    assert!(error.to_string().contains("no credentials for") && error.to_string().contains(&login), "{error}");

    let eve = Credential::Password { user: "eve".into(), password: "hunter2x".into() };
    for access in [Access::Basic("bob", "hunter2"), TOKEN] {
        let registry = Registry::start(access);
        let credentials = CredentialSource::anonymous().with(&registry.host(), eve.clone());
        let error =
            source(&registry, "app:1", &RegistryOptions { credentials, ..options() }).manifest(None).unwrap_err();
        assert!(matches!(error, StoreError::Denied { .. }), "{error}");
        assert!(error.to_string().contains("user \"eve\" from the caller"), "{error}");
        assert_clean(&error);
        assert!(registry.requests().len() <= 3, "wrong credentials are not tried again: {:?}", registry.requests());
    }
    basic.fault("GET", "manifests", Fault::Status(403, None), 1);
    let error = source(&basic, "app:1", &as_bob(&basic)).manifest(None).unwrap_err();
    assert!(error.to_string().contains("403") && error.to_string().contains("repository:app:pull"), "{error}");
}

#[test]
fn secrets_do_not_follow_a_redirect() {
    let (registry, storage) = (Registry::start(TOKEN), Registry::start(Access::Open));
    let blob = blob_of(b"layer");
    registry.put_blob("app", b"layer");
    storage.put_blob("app", b"layer");
    registry.fault("GET", "blobs", Fault::Status(401, None), 0);
    let open = source(&registry, "app:1", &as_bob(&registry));
    let _ = open.manifest(None);
    registry.fault("GET", "blobs", Fault::Redirect(format!("http://{}", storage.host())), 1);
    assert_eq!(read(&open, &blob).unwrap(), b"layer");
    let last = registry.seen().pop().unwrap();
    assert!(last.target.contains("blobs") && last.headers.contains_key("authorization"));
    let there = storage.seen();
    assert_eq!(there.len(), 1);
    assert!(there.iter().all(|seen| !seen.headers.contains_key("authorization")), "{there:?}");

    // Nor does another host's challenge get an answer.
    let thief = Registry::start(Access::Basic("bob", "hunter2"));
    registry.fault("GET", "blobs", Fault::Redirect(format!("http://{}", thief.host())), 9);
    assert!(read(&open, &blob).is_err());
    assert!(thief.seen().iter().all(|seen| !seen.headers.contains_key("authorization")));
    // And a circle ends.
    registry.fault("GET", "blobs", Fault::Redirect(format!("http://{}", registry.host())), 99);
    assert!(read(&open, &blob).is_err());
}

#[test]
fn plain_http_is_refused_where_it_is_not_allowed() {
    let registry = Registry::start(Access::Open);
    let options = RegistryOptions { plain_http: PlainHttp::Never, ..options() };
    let error = source(&registry, "app:1", &options).manifest(None).unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
    assert!(registry.requests().is_empty() || registry.requests().iter().all(|line| !line.starts_with("GET")));
}

#[test]
fn failures_are_tried_again_within_reason() {
    let registry = Registry::start(Access::Open);
    registry.put_manifest("app", "1", OCI, MANIFEST);
    for (fault, times, works, asked) in [
        (Fault::Status(503, None), 2, true, 3),
        (Fault::Status(500, None), 3, false, 3),
        (Fault::Status(429, Some(0)), 2, true, 3),
        (Fault::Status(408, None), 1, true, 2),
        (Fault::Status(501, None), 1, false, 1),
        (Fault::Status(400, None), 1, false, 1),
        (Fault::Hangup(0), 2, true, 3),
        (Fault::Stall(10), 1, true, 2),
    ] {
        let before = registry.requests().len();
        registry.fault("GET", "manifests", fault.clone(), times);
        let options = if matches!(fault, Fault::Stall(_)) { impatient() } else { options() };
        let result = source(&registry, "app:1", &options).manifest(None);
        assert_eq!(result.is_ok(), works, "{fault:?}: {result:?}");
        assert_eq!(registry.requests().len() - before, asked, "{fault:?}");
    }
}

#[test]
fn retry_after_is_honoured_up_to_the_cap_and_told() {
    let registry = Registry::start(Access::Open);
    registry.put_manifest("app", "1", OCI, MANIFEST);
    registry.fault("GET", "manifests", Fault::Status(429, Some(3600)), 1);
    let listener = Listener::new(u64::MAX);
    let longest_wait = Duration::from_millis(100);
    let options = RegistryOptions { retry: Retry { longest_wait, ..options().retry }, ..options() };
    source(&registry, "app:1", &options).reporting(&listener).manifest(None).unwrap();
    let warnings = listener.warnings();
    let told = |warning: &str| warning.contains("429") && warning.ends_with("trying again in 0.1 s (2 of 3)");
    assert!(warnings.len() == 1 && told(&warnings[0]), "{warnings:?}");
}

#[test]
fn blobs_are_resumed_where_they_broke() {
    let registry = Registry::start(Access::Open);
    let data = bytes(300_000);
    let blob = blob_of(&data);
    registry.put_blob("app", &data);
    for (faults, asked) in [
        (vec![Fault::Cut(100_000)], 2),
        (vec![Fault::Cut(100_000), Fault::Cut(100_000)], 3),
        (vec![Fault::Stall(70_000)], 2),
        (vec![Fault::Cut(0)], 2),
        (vec![Fault::Cut(100_000), Fault::NoRange], 2),
        (vec![Fault::Cut(100_000), Fault::Status(503, None)], 3),
    ] {
        let before = registry.requests().len();
        for fault in &faults {
            registry.fault("GET", "blobs", fault.clone(), 1);
        }
        let listener = Listener::new(u64::MAX);
        let options = if matches!(faults[..], [Fault::Stall(_)]) { impatient() } else { options() };
        let open = source(&registry, "app:1", &options).reporting(&listener);
        assert_eq!(read(&open, &blob).unwrap(), data, "{faults:?}");
        assert_eq!(registry.requests().len() - before, asked, "{faults:?}");
        assert_eq!(listener.amount(), blob.size, "{faults:?}");
    }
    let ranges: Vec<String> = registry.seen().iter().filter_map(|seen| seen.headers.get("range").cloned()).collect();
    assert_eq!(ranges[0], "bytes=100000-");
    // Without end is not endured.
    registry.fault("GET", "blobs", Fault::Cut(10), 99);
    let error = read(&source(&registry, "app:1", &options()), &blob).unwrap_err();
    assert!(matches!(error, StoreError::Failed { retry: true, .. }), "{error}");
    assert!(error.to_string().contains("of 300000 bytes"), "{error}");
}

#[test]
fn blobs_are_checked_to_their_last_byte() {
    let registry = Registry::start(Access::Open);
    let data = bytes(100_000);
    let blob = blob_of(&data);
    registry.put_blob("app", &data);
    for fault in [Fault::Corrupt, Fault::Longer(b"more"), Fault::Body(data[1..].to_vec())] {
        registry.fault("GET", "blobs", fault.clone(), 1);
        let error = read(&source(&registry, "app:1", &options()), &blob).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{fault:?}: {error}");
        assert!(error.to_string().contains(blob.digest.as_str()) && error.to_string().contains(&registry.host()));
    }
    // What comes after the break is another blob's.
    registry.fault("GET", "blobs", Fault::Cut(50_000), 1);
    registry.fault("GET", "blobs", Fault::Corrupt, 1);
    assert!(matches!(read(&source(&registry, "app:1", &options()), &blob), Err(StoreError::Corrupt { .. })));
    // Or goes on elsewhere.
    registry.fault("GET", "blobs", Fault::Cut(50_000), 1);
    registry.fault("GET", "blobs", Fault::Header("Content-Range", "bytes 7-99999/100000".into()), 1);
    let error = read(&source(&registry, "app:1", &options()), &blob).unwrap_err();
    assert!(error.to_string().contains("elsewhere"), "{error}");
}

#[test]
fn silence_and_absence_have_names() {
    let registry = Registry::start(Access::Open);
    let data = bytes(100_000);
    registry.put_blob("app", &data);
    registry.fault("GET", "blobs", Fault::Stall(1000), 3);
    let error = read(&source(&registry, "app:1", &impatient()), &blob_of(&data)).unwrap_err();
    assert!(error.to_string().contains("sent nothing for too long"), "{error}");
    let gone = reference(&registry, "app:1");
    drop(registry);
    std::thread::sleep(Duration::from_millis(50));
    let error = RegistrySource::open(&gone, &options()).unwrap().manifest(None).unwrap_err();
    assert!(matches!(error, StoreError::Failed { retry: true, .. }), "{error}");
}

#[test]
fn a_download_can_be_cancelled() {
    let registry = Registry::start(Access::Open);
    let data = bytes(2_000_000);
    registry.put_blob("app", &data);
    let listener = Listener::new(100_000);
    let open = source(&registry, "app:1", &options()).reporting(&listener);
    assert!(matches!(read(&open, &blob_of(&data)), Err(StoreError::Cancelled { .. })));
    assert!(listener.amount() < 1_000_000);
}

#[test]
fn mirrors_answer_first_and_are_passed_over() {
    let (registry, mirror) = (Registry::start(TOKEN), Registry::start(Access::Basic("mia", "other")));
    registry.put_manifest("app", "1", OCI, MANIFEST);
    registry.put_blob("app", b"layer");
    mirror.put_blob("app", b"layer");
    let mia = Credential::Password { user: "mia".into(), password: "other".into() };
    let mut options = as_bob(&registry);
    options.credentials = options.credentials.with(&mirror.host(), mia);
    options.mirrors.insert(registry.host(), vec!["127.0.0.1:1".into(), mirror.host()]);
    let open = source(&registry, "app:1", &options);
    assert_eq!(open.manifest(None).unwrap().1, MANIFEST, "the mirror has none");
    assert_eq!(read(&open, &blob_of(b"layer")).unwrap(), b"layer");
    assert!(registry.requests().iter().all(|line| !line.contains("blobs")), "the mirror has it");
    let basic = |seen: &testdata::registry::Seen| seen.headers.get("authorization").cloned();
    assert!(mirror.seen().iter().filter_map(basic).all(|value| value == "Basic bWlhOm90aGVy"), "to each its own");
    assert!(registry.seen().iter().filter_map(basic).all(|value| value != "Basic bWlhOm90aGVy"));
}

#[test]
fn authorities_that_cannot_be_read_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    for text in ["", "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&file, text).unwrap();
        let options = RegistryOptions { ca_certificates: vec![file.clone()], ..options() };
        let result = RegistrySource::open(&"r.example/app:1".parse().unwrap(), &options);
        let error = result.err().unwrap();
        assert!(error.to_string().contains("ca.pem"), "{error}");
    }
}
