'use strict';

// The zoom: one lens in each picture of a row, all over the same place.
const zoom = { factor: 4, row: null, u: 0.5, v: 0.5 };

function drawLens(view) {
  const image = view.querySelector('img');
  let lens = view.querySelector('.lens');
  if (!lens) {
    lens = document.createElement('span');
    lens.className = 'lens';
    lens.style.backgroundImage = 'url("' + image.src + '")';
    view.append(lens);
  }
  const width = image.clientWidth, height = image.clientHeight, side = lens.offsetWidth;
  if (!width) return; // a method that is not shown
  // Near an edge the lens shows the picture's last piece, not what would lie beyond.
  const begin = (part, length) => Math.min(Math.max(part * length * zoom.factor - side / 2, 0), length * zoom.factor - side);
  lens.style.backgroundSize = width * zoom.factor + 'px ' + height * zoom.factor + 'px';
  lens.style.backgroundPosition = -begin(zoom.u, width) + 'px ' + -begin(zoom.v, height) + 'px';
  lens.style.left = zoom.u * width - side / 2 + 'px';
  lens.style.top = zoom.v * height - side / 2 + 'px';
}

function hideLens() {
  if (zoom.row) zoom.row.classList.remove('zoomed');
  zoom.row = null;
}

function showLens(row, u, v) {
  if (zoom.row !== row) hideLens();
  zoom.row = row;
  zoom.u = Math.min(Math.max(u, 0), 1);
  zoom.v = Math.min(Math.max(v, 0), 1);
  row.classList.add('zoomed');
  row.querySelectorAll('.view').forEach(view => {
    drawLens(view);
    drawLens(view); // a new lens has its size only now
  });
}

function follow(event) {
  const view = event.target.closest ? event.target.closest('.view') : null;
  if (view) {
    const box = view.getBoundingClientRect();
    showLens(view.closest('.row'), (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  } else if (event.pointerType === 'mouse' || event.type === 'pointerdown') {
    hideLens(); // a finger that has been lifted leaves the lens where it was, until it taps elsewhere
  }
}

document.addEventListener('pointermove', follow);
document.addEventListener('pointerdown', follow);
document.addEventListener('focusin', event => {
  const figure = event.target.closest('.row figure');
  if (figure && figure.matches(':focus-visible')) showLens(figure.parentElement, zoom.u, zoom.v);
});
document.addEventListener('keydown', event => {
  if (!zoom.row) return;
  const step = event.shiftKey ? 0.1 : 0.02;
  const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
  if (event.key === 'Escape') hideLens();
  if (!move || !event.target.closest('figure')) return;
  event.preventDefault();
  showLens(zoom.row, zoom.u + move[0], zoom.v + move[1]);
});
document.querySelectorAll('select.zoom').forEach(select => select.addEventListener('change', () => {
  zoom.factor = Number(select.value);
  document.querySelectorAll('select.zoom').forEach(other => { other.value = select.value; });
}));
