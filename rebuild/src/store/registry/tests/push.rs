use super::*;

fn push(sink: &mut RegistrySink, data: &[u8]) -> Result<(), StoreError> {
    sink.blob(&blob_of(data), &mut &data[..], &crate::event::Silent)
}

#[test]
fn blobs_come_before_the_manifest_and_are_not_sent_twice() {
    let registry = Registry::start(TOKEN);
    let mut sink = sink(&registry, "app:1", &as_bob(&registry));
    for data in [&b"one"[..], b"two", b""] {
        assert!(!sink.has(&blob_of(data), None).unwrap());
        push(&mut sink, data).unwrap();
        assert!(sink.has(&blob_of(data), None).unwrap());
        assert_eq!(registry.blob("app", &digest(data)).as_deref(), Some(data));
    }
    assert!(registry.manifest("app", "1").is_none());
    let stored = Box::new(sink).finish(OCI, MANIFEST).unwrap();
    assert_eq!(stored.as_str(), digest(MANIFEST));
    assert_eq!(registry.manifest("app", "1"), Some((OCI.into(), MANIFEST.to_vec())));
    let put = registry.seen().into_iter().find(|seen| seen.method == "PUT").unwrap();
    assert_eq!(put.headers["content-length"], "3");
    assert!(!put.headers.contains_key("transfer-encoding"));
    let tokens = registry.requests().iter().filter(|line| line.starts_with("GET /token")).count();
    assert_eq!(tokens, 1);
}

#[test]
fn by_digest_only_what_the_digest_names() {
    let registry = Registry::start(Access::Open);
    let name = format!("app@{}", digest(MANIFEST));
    Box::new(sink(&registry, &name, &options())).finish(OCI, MANIFEST).unwrap();
    assert!(registry.manifest("app", &digest(MANIFEST)).is_some());
    // The parts of an index have no tag.
    let part = sink(&registry, "app:1", &options()).manifest(OCI, b"{\"layers\":[]}").unwrap();
    assert!(registry.manifest("app", part.as_str()).is_some() && registry.manifest("app", "1").is_none());
    let error = Box::new(sink(&registry, &name, &options())).finish(OCI, b"{}").unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    registry.fault("PUT", "manifests", Fault::Lie, 1);
    assert!(matches!(
        Box::new(sink(&registry, "app:1", &options())).finish(OCI, MANIFEST),
        Err(StoreError::Corrupt { .. })
    ));
}

#[test]
fn blobs_are_mounted_from_a_neighbour() {
    for (access, scopes) in [(Access::Open, 0), (TOKEN, 2)] {
        let registry = Registry::start(access);
        registry.put_blob("base/os", b"layer");
        let mut sink = sink(&registry, "app:1", &as_bob(&registry));
        let host = registry.host();
        assert!(!sink.has(&blob_of(b"layer"), Some(("other.example", "base/os"))).unwrap());
        assert!(!sink.has(&blob_of(b"layer"), None).unwrap());
        assert!(sink.has(&blob_of(b"layer"), Some((&host, "base/os"))).unwrap());
        assert!(registry.blob("app", &digest(b"layer")).is_some());
        let asked: Vec<String> = registry.requests().into_iter().filter(|line| line.contains("/token")).collect();
        assert_eq!(asked.len(), scopes, "{asked:?}");
        if let Some(last) = asked.last() {
            assert!(last.contains("app%3Apull%2Cpush") && last.contains("base%2Fos%3Apull"), "{last}");
        }
    }
}

#[test]
fn what_cannot_be_mounted_is_sent_in_the_upload_that_was_begun() {
    let registry = Registry::start(Access::Open);
    let mut sink = sink(&registry, "app:1", &options());
    assert!(!sink.has(&blob_of(b"layer"), Some((&registry.host(), "base"))).unwrap());
    push(&mut sink, b"layer").unwrap();
    let posts: Vec<String> = registry.requests().into_iter().filter(|line| line.starts_with("POST")).collect();
    assert_eq!(posts.len(), 1, "{posts:?}");
    // A registry that knows no mounts at all.
    registry.fault("POST", "mount=", Fault::Status(405, None), 1);
    assert!(!sink.has(&blob_of(b"other"), Some((&registry.host(), "base"))).unwrap());
    push(&mut sink, b"other").unwrap();
}

#[test]
fn a_failed_upload_is_repeated_with_the_same_bytes() {
    let data = bytes(3_000_000);
    for fault in [
        Fault::Status(500, None),
        Fault::Status(503, Some(1)),
        Fault::Status(404, None),
        Fault::Hangup(100_000),
        Fault::Hangup(0),
        Fault::Expire,
    ] {
        for method in ["POST", "PUT"] {
            if (method, &fault) == ("POST", &Fault::Status(404, None)) {
                continue;
            }
            let registry = Registry::start(TOKEN);
            let listener = Listener::new(u64::MAX);
            let mut sink = sink(&registry, "app:1", &as_bob(&registry));
            assert!(!sink.has(&blob_of(&data), None).unwrap());
            registry.fault(method, "uploads", fault.clone(), 1);
            sink.blob(&blob_of(&data), &mut &data[..], &listener)
                .unwrap_or_else(|error| panic!("{method} {fault:?}: {error}"));
            assert_eq!(registry.blob("app", &digest(&data)).as_ref(), Some(&data), "{method} {fault:?}");
            assert_eq!(listener.amount(), data.len() as u64, "{method} {fault:?}");
        }
    }
}

#[test]
fn there_is_an_end_to_trying() {
    let registry = Registry::start(TOKEN);
    let mut sink = sink(&registry, "app:1", &as_bob(&registry));
    registry.fault("PUT", "uploads", Fault::Status(500, None), 99);
    let error = push(&mut sink, b"layer").unwrap_err();
    assert!(matches!(error, StoreError::Failed { retry: true, .. }), "{error}");
    assert!(error.to_string().contains("writing blob sha256:") && error.to_string().contains("500"), "{error}");
    assert_clean(&error);
    let puts = registry.requests().iter().filter(|line| line.starts_with("PUT")).count();
    assert_eq!(puts, 3);
    registry.fault("POST", "uploads", Fault::Status(404, None), 1);
    let error = push(&mut sink, b"layer").unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "no such repository is not tried again: {error}");
}

#[test]
fn false_bytes_are_never_sent() {
    let registry = Registry::start(Access::Open);
    let mut sink = sink(&registry, "app:1", &options());
    for (promised, given) in [(&b"layer"[..], &b"laxer"[..]), (b"layer", b"laye"), (b"layer", b"layers")] {
        let error = sink.blob(&blob_of(promised), &mut &given[..], &crate::event::Silent).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    }
    assert!(registry.requests().is_empty());
}

#[test]
fn large_blobs_wait_where_the_caller_says() {
    let registry = Registry::start(Access::Open);
    let folder = tempfile::tempdir().unwrap();
    let data = bytes(2 << 20);
    let mut nowhere = sink(&registry, "app:1", &options()).spooling_in(&folder.path().join("missing"));
    let error = push(&mut nowhere, &data).unwrap_err();
    assert!(registry.requests().iter().all(|request| !request.starts_with("POST")), "{error}");
    push(&mut sink(&registry, "app:1", &options()).spooling_in(folder.path()), &data).unwrap();
}

#[test]
fn chunks_go_in_order_and_are_resumed() {
    let data = bytes(1_000_001);
    let chunked =
        |registry: &Registry| RegistryOptions { upload: Upload::Chunked { chunk: 400_000 }, ..as_bob(registry) };
    for (fault, patches) in [
        (None, 3),
        (Some(Fault::Status(503, None)), 4),
        (Some(Fault::Hangup(100_000)), 4),
        (Some(Fault::Hangup(0)), 4),
        (Some(Fault::Expire), 4),
        (Some(Fault::Status(416, None)), 4),
    ] {
        let registry = Registry::start(TOKEN);
        let mut sink = sink(&registry, "app:1", &chunked(&registry));
        assert!(!sink.has(&blob_of(&data), None).unwrap());
        registry.fault("PATCH", "uploads", fault.clone().unwrap_or(Fault::NoRange), usize::from(fault.is_some()));
        push(&mut sink, &data).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(registry.blob("app", &digest(&data)).as_ref(), Some(&data), "{fault:?}");
        let seen = registry.seen();
        let sent: Vec<&str> = seen
            .iter()
            .filter(|seen| seen.method == "PATCH")
            .map(|seen| seen.headers["content-range"].as_str())
            .collect();
        assert_eq!(sent.len(), patches, "{fault:?} {sent:?}");
        if fault == Some(Fault::Hangup(100_000)) {
            assert_eq!(sent, ["0-399999", "100000-499999", "500000-899999", "900000-1000000"]);
        }
        // Small blobs go in one piece.
        push(&mut sink, b"small").unwrap();
        assert_eq!(registry.seen().iter().filter(|seen| seen.method == "PATCH").count(), patches);
    }
    let registry = Registry::start(Access::Open);
    registry.fault("POST", "uploads", Fault::Header("OCI-Chunk-Min-Length", "900000".into()), 1);
    push(&mut sink(&registry, "app:1", &chunked(&registry)), &data).unwrap();
    assert_eq!(registry.seen().iter().filter(|seen| seen.method == "PATCH").count(), 2);
}

#[test]
fn an_upload_elsewhere_gets_no_secrets() {
    let (registry, other) = (Registry::start(TOKEN), Registry::start(Access::Open));
    let mut sink = sink(&registry, "app:1", &as_bob(&registry));
    assert!(!sink.has(&blob_of(b"layer"), None).unwrap());
    let place = format!("http://{}/v2/app/blobs/uploads/stolen?_state=a%2Fb", other.host());
    registry.fault("POST", "uploads", Fault::Header("Location", place), 9);
    assert!(push(&mut sink, b"layer").is_err());
    assert!(!other.seen().is_empty());
    assert!(other.seen().iter().all(|seen| !seen.headers.contains_key("authorization")));
    registry.fault("POST", "uploads", Fault::Header("Location", "http://198.51.100.1/up?_state=a".into()), 1);
    let error = push(&mut super::sink(&registry, "app:1", &as_bob(&registry)), b"other").unwrap_err();
    assert_clean(&error);
}

#[test]
fn an_upload_can_be_cancelled() {
    let registry = Registry::start(Access::Open);
    let data = bytes(8_000_000);
    let listener = Listener::new(100_000);
    let error = sink(&registry, "app:1", &options()).blob(&blob_of(&data), &mut &data[..], &listener).unwrap_err();
    assert!(matches!(error, StoreError::Cancelled { .. }), "{error}");
    assert!(registry.blob("app", &digest(&data)).is_none());
}

#[test]
fn pushing_without_the_right_says_so() {
    let registry = Registry::start(TOKEN);
    let error = push(&mut sink(&registry, "app:1", &options()), b"layer").unwrap_err();
    let login = format!("docker login {}", registry.host());
    assert!(error.to_string().contains(&login) && error.to_string().contains("pull,push"), "{error}");
    assert!(matches!(error, StoreError::Denied { .. }));
}
