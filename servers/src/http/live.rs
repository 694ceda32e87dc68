//! What a page is told as it changes: the figures once a second, as server-sent events.
//!
//! Bounds: [`LIVE_MOST`] for one stream, behind which a page asks again.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::Site;
use crate::shares::Place;

const LIVE_INTERVAL: Duration = Duration::from_secs(1);
const LIVE_MOST: Duration = Duration::from_secs(300);

/// What an answer has in it.
pub(super) enum Content {
    Whole(Full<Bytes>),
    Live(Live),
}

/// A stream of figures.
pub(super) struct Live {
    site: Arc<Site>,
    interval: Interval,
    until: Instant,
    _place: Place,
}

impl Live {
    pub(super) fn new(site: Arc<Site>, place: Place) -> Self {
        let mut interval = tokio::time::interval(LIVE_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self { site, interval, until: Instant::now() + LIVE_MOST, _place: place }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let now = ready!(self.interval.poll_tick(cx));
        if now >= self.until {
            return Poll::Ready(None);
        }
        let text = serde_json::to_string(&self.site.figures.summary()).unwrap_or_default();
        Poll::Ready(Some(format!("data: {text}\n\n").into()))
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(full) => Pin::new(full).poll_frame(cx),
            Self::Live(live) => {
                live.poll_event(cx).map(|event| event.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(full) => full.size_hint(),
            Self::Live(_) => SizeHint::new(),
        }
    }
}
