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

// Figures of single images: one table a set, one metric at a time, sorted by a click on a heading.
const PAGE = 100;

function scoreTable(section) {
  const data = JSON.parse(section.querySelector('script').textContent);
  const table = section.querySelector('table'), select = section.querySelector('select'), more = section.querySelector('.more');
  const state = { metric: 0, column: -1, ascending: true, all: false };

  const valueOf = (image, method) => data.values[state.metric][method][image];
  function order() {
    const images = data.images.map((name, i) => i);
    const sign = state.ascending ? 1 : -1;
    if (state.column < 0) return images.sort((a, b) => sign * data.images[a].localeCompare(data.images[b], 'en', { numeric: true }));
    return images.sort((a, b) => {
      const x = valueOf(a, state.column), y = valueOf(b, state.column);
      if (x === null || y === null) return (x === null) - (y === null); // no figure: last, either way
      return sign * (x - y);
    });
  }
  function nameCell(image) {
    const cell = document.createElement('td');
    const target = data.pictures[data.images[image]];
    const holder = target ? document.createElement('a') : cell;
    holder.textContent = data.images[image];
    if (target) {
      holder.href = '#' + target;
      cell.append(holder);
    }
    return cell;
  }
  function row(image) {
    const line = document.createElement('tr');
    line.append(nameCell(image));
    const metric = data.metrics[state.metric];
    const figures = data.methods.map((name, m) => valueOf(image, m));
    const known = figures.filter(x => x !== null);
    const best = known.length > 1 ? (metric.higher ? Math.max(...known) : Math.min(...known)) : null;
    figures.forEach(figure => {
      const cell = document.createElement('td');
      cell.textContent = figure === null ? '-' : figure.toFixed(metric.decimals);
      if (figure !== null && best !== null && cell.textContent === best.toFixed(metric.decimals)) cell.className = 'best';
      line.append(cell);
    });
    return line;
  }
  function draw() {
    const images = order();
    const shown = state.all ? images : images.slice(0, PAGE);
    table.tBodies[0].replaceChildren(...shown.map(row));
    more.hidden = shown.length === images.length;
    more.textContent = 'show all ' + images.length + ' images';
    [...table.tHead.rows[0].cells].forEach((cell, c) => {
      if (c - 1 === state.column) cell.setAttribute('aria-sort', state.ascending ? 'ascending' : 'descending');
      else cell.removeAttribute('aria-sort');
    });
  }

  const heads = ['image', ...data.methods].map((name, c) => {
    const head = document.createElement('th'), button = document.createElement('button');
    head.scope = 'col';
    button.type = 'button';
    button.textContent = name;
    button.addEventListener('click', () => {
      state.ascending = state.column === c - 1 ? !state.ascending : true;
      state.column = c - 1;
      draw();
    });
    head.append(button);
    return head;
  });
  table.createTHead().insertRow().append(...heads);
  table.createTBody();
  data.metrics.forEach((metric, m) => select.append(new Option(metric.label + (metric.higher ? ' ↑' : ' ↓'), m)));
  select.addEventListener('change', () => {
    state.metric = Number(select.value);
    draw();
  });
  more.addEventListener('click', () => {
    state.all = true;
    draw();
  });
  draw();
}

document.querySelectorAll('.scores').forEach(scoreTable);
