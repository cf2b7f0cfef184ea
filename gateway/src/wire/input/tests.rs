#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use tokio::io::AsyncWriteExt as _;

use super::*;

const MOST: usize = 1_000;

/// A client's frame: the first byte has the bits and the kind.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | length as u8),
        length => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// What is read of these bytes, which come so many at a time, and how it ends.
async fn read_in(bytes: &[u8], at_a_time: usize, deflated: bool) -> (Vec<Message>, Broken) {
    let (ours, mut theirs) = tokio::io::duplex(at_a_time);
    let mut input = Input::new(ours, MOST, deflated);
    let sent = async {
        // What is refused is not read to its end.
        let _ = theirs.write_all(bytes).await;
        drop(theirs);
    };
    let read = async {
        let mut messages = Vec::new();
        loop {
            match input.next().await {
                Ok(message) => messages.push(message),
                Err(broken) => {
                    drop(input);
                    return (messages, broken);
                }
            }
        }
    };
    tokio::join!(read, sent).0
}

async fn read(bytes: &[u8]) -> (Vec<Message>, Broken) {
    read_in(bytes, 1 << 20, true).await
}

#[tokio::test]
async fn messages_are_put_together_however_they_come() {
    let packed = deflate::deflate("Grüße".as_bytes()).unwrap();
    let bytes = [
        frame(0x81, b"one"),
        frame(0x01, b"t"),
        frame(0x89, b"ping"),
        frame(0x00, b"w"),
        frame(0x80, b"o"),
        frame(0x82, &[7; MOST]),
        frame(0xc1, &packed),
        frame(0x41, &packed[..2]),
        frame(0x80, &packed[2..]),
        frame(0x8a, b""),
        frame(0x82, b""),
        frame(0x88, &[3, 0xe8]),
    ]
    .concat();
    let expected = [
        Message::text("one"),
        Message::Ping("ping".into()),
        Message::text("two"),
        Message::binary(vec![7; MOST]),
        Message::text("Grüße"),
        Message::text("Grüße"),
        Message::Pong(Bytes::new()),
        Message::binary(Bytes::new()),
        Message::Close(None),
    ];
    for at_a_time in [1, 2, 7, 1_024, 1 << 20] {
        let (messages, broken) = read_in(&bytes, at_a_time, true).await;
        assert_eq!((messages.as_slice(), broken), (&expected[..], Broken::Gone), "{at_a_time}");
    }
}

#[tokio::test]
async fn what_the_protocol_forbids_is_refused() {
    let unmasked = vec![0x81, 0x01, b'a'];
    let long_ping = frame(0x89, &[0; 126]);
    for bad in [
        unmasked,
        long_ping,
        frame(0x09, b"a ping in parts"),
        frame(0x80, b"goes on with nothing"),
        [frame(0x01, b"a"), frame(0x81, b"another begins within")].concat(),
        frame(0xa1, b"rsv2"),
        frame(0x91, b"rsv3"),
        frame(0xc9, b"a packed ping"),
        [frame(0x01, b"a"), frame(0xc0, b"packed later")].concat(),
        frame(0x83, b"a kind that is none"),
        frame(0x8b, b"a control that is none"),
    ] {
        assert_eq!(read(&bad).await, (vec![], Broken::Protocol), "{bad:?}");
    }
    let packed = frame(0xc1, &deflate::deflate(b"a").unwrap());
    assert_eq!(read_in(&packed, 99, false).await, (vec![], Broken::Protocol), "what was not agreed on");
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_comes() {
    let announced = |length: u64| [&[0x82, 0xff][..], &length.to_be_bytes(), &[0; 4]].concat();
    for bad in [
        frame(0x82, &[0; MOST + 1]),
        [frame(0x02, &[0; MOST]), frame(0x80, &[0])].concat(),
        announced(u64::MAX),
        announced(1 << 40),
        frame(0xc2, &deflate::deflate(&[0; MOST + 1]).unwrap()),
        frame(0x02, b"").into_iter().chain(frame(0x00, b"").repeat(PARTS)).collect(),
    ] {
        assert_eq!(read(&bad).await, (vec![], Broken::TooLarge));
    }
    assert_eq!(read(&frame(0x81, &[0xff])).await, (vec![], Broken::Malformed));
    assert_eq!(read(&frame(0xc1, &[0xff; 9])).await, (vec![], Broken::Malformed));
}

/// Whatever comes, nothing breaks but the conversation.
#[tokio::test]
async fn garbage_does_no_harm() {
    let mut noise = 7_u32;
    for round in 0..2_000 {
        let bytes: Vec<u8> = (0..round % 97)
            .map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (noise >> 24) as u8
            })
            .collect();
        let (messages, _) = read(&bytes).await;
        assert!(messages.len() <= bytes.len());
    }
}
