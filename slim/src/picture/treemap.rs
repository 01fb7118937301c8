//! Areas in proportion to numbers, as near to squares as can be (Bruls, Huizing, van Wijk: "Squarified Treemaps", 2000).

/// A rectangle, in units of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    /// Less a margin on every side.
    pub(super) fn inside(self, margin: f64) -> Self {
        Self {
            x: self.x + margin,
            y: self.y + margin,
            width: (self.width - 2.0 * margin).max(0.0),
            height: (self.height - 2.0 * margin).max(0.0),
        }
    }
}

/// Divides an area among sizes, in their order; the largest should come first. A size of zero gets no area.
pub(super) fn squarify(sizes: &[u64], area: Area) -> Vec<Area> {
    let total: f64 = sizes.iter().map(|size| *size as f64).sum();
    let mut areas = Vec::with_capacity(sizes.len());
    if total <= 0.0 {
        areas.resize(sizes.len(), Area { width: 0.0, height: 0.0, ..area });
        return areas;
    }
    let scale = area.width * area.height / total;
    let scaled: Vec<f64> = sizes.iter().map(|size| *size as f64 * scale).collect();
    let mut left = area;
    let mut rest = &scaled[..];
    while !rest.is_empty() {
        let side = left.width.min(left.height);
        let mut count = 1;
        while count < rest.len() && worst(&rest[..count + 1], side) <= worst(&rest[..count], side) {
            count += 1;
        }
        let (row, others) = rest.split_at(count);
        left = lay(row, left, &mut areas);
        rest = others;
    }
    areas
}

/// The worst ratio of sides in a row along a side.
fn worst(row: &[f64], side: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let (least, most) = row.iter().fold((f64::MAX, 0.0_f64), |(least, most), size| (least.min(*size), most.max(*size)));
    if sum <= 0.0 || side <= 0.0 || least <= 0.0 {
        return f64::MAX;
    }
    let (side, sum) = (side * side, sum * sum);
    (side * most / sum).max(sum / (side * least))
}

/// Lays a row along the shorter side; what is left of the area.
fn lay(row: &[f64], area: Area, areas: &mut Vec<Area>) -> Area {
    let sum: f64 = row.iter().sum();
    let upright = area.width >= area.height;
    let side = if upright { area.height } else { area.width };
    let thickness = if side > 0.0 { sum / side } else { 0.0 };
    let mut at = 0.0;
    for size in row {
        let length = if thickness > 0.0 { size / thickness } else { 0.0 };
        areas.push(match upright {
            true => Area { x: area.x, y: area.y + at, width: thickness, height: length },
            false => Area { x: area.x + at, y: area.y, width: length, height: thickness },
        });
        at += length;
    }
    match upright {
        true => Area { x: area.x + thickness, width: (area.width - thickness).max(0.0), ..area },
        false => Area { y: area.y + thickness, height: (area.height - thickness).max(0.0), ..area },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Area = Area { x: 10.0, y: 20.0, width: 600.0, height: 400.0 };

    #[test]
    fn areas_are_in_proportion_and_stay_inside() {
        let sizes = [6, 6, 4, 3, 2, 2, 1];
        let areas = squarify(&sizes, WHOLE);
        for (size, area) in sizes.iter().zip(&areas) {
            assert!((area.width * area.height - *size as f64 * 10_000.0).abs() < 1e-6, "{area:?}");
            assert!(area.x >= 10.0 - 1e-9 && area.x + area.width <= 610.0 + 1e-9, "{area:?}");
            assert!(area.y >= 20.0 - 1e-9 && area.y + area.height <= 420.0 + 1e-9, "{area:?}");
            // The example of the paper: no rectangle is narrower than this.
            assert!(area.width / area.height < 3.0 && area.height / area.width < 3.0, "{area:?}");
        }
        for (index, one) in areas.iter().enumerate() {
            for other in &areas[index + 1..] {
                let apart = |a: f64, along: f64, b: f64, along_b: f64| a + along <= b + 1e-9 || b + along_b <= a + 1e-9;
                assert!(
                    apart(one.x, one.width, other.x, other.width) || apart(one.y, one.height, other.y, other.height),
                    "{one:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn nothing_and_zeros_have_no_area() {
        assert_eq!(squarify(&[], WHOLE), []);
        for area in squarify(&[0, 0], WHOLE).into_iter().chain(squarify(&[5, 0], WHOLE).into_iter().skip(1)) {
            assert!(area.width * area.height < 1e-9, "{area:?}");
        }
        let flat = Area { height: 0.0, ..WHOLE };
        assert!(squarify(&[1, 2], flat).iter().all(|area| area.width.is_finite() && area.height.is_finite()));
    }
}
